import type { Test } from 'tap'
import { type Death, interfaceDown, killed, powerFailure, vipMacOf } from '../lib/director-death.js'
import { ForwardWatch } from '../lib/forward-watch.js'
import { isMaster, type PairLab, startPair } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { failed, longestSilence, outcomes, SteadyClient } from '../lib/steady-client.js'
import { waitFor } from '../lib/wait-for.js'

/** What the issue asks for at advert_int 1. */
const withinMs = 4000
/**
 * Short, so that what is measured is how long nobody answers, and not how long a lost SYN is waited for. From the
 * last answer to the next the client's own clock counts: 3.2 s of it are VRRP's (three advertisements and the skew of
 * priority 200), and the request that was on its way when the VIP came has to end.
 */
const timeoutMs = 300

await pairTest('the master director dies and returns', async (t, lab) => {
  await startPair(lab)
  for (const death of [killed, interfaceDown, powerFailure]) await t.test(death.name, (t) => failsOver(t, lab, death))
})

async function failsOver(t: Test, lab: PairLab, { die, comeBack }: Death): Promise<void> {
  const { server11, server14 } = lab.directors
  const watch = await ForwardWatch.start(lab)
  const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs })
  await client.isServed(20)

  await die(lab, server11)
  await isMaster(server14)
  await waitFor("the client to have the backup's MAC for the VIP", async () => {
    return (await vipMacOf(lab)) === server14.host.mac
  })
  await client.isServed(20)

  await comeBack(lab, server11)
  await isMaster(server11, server14)
  await waitFor("the client to have the master's MAC again", async () => (await vipMacOf(lab)) === server11.host.mac)
  await client.isServed(20)

  const requests = await client.stop()
  const silence = longestSilence(requests)
  t.ok(silence < withinMs, `longest time without an answer: ${Math.round(silence)} ms`)
  t.comment(`${requests.length} requests, ${failed(requests).length} failed; ${JSON.stringify(outcomes(requests))}`)
  const seen = await watch.stop()
  t.strictSame(seen.forwarders, ['server11', 'server14', 'server11'], 'one at a time forwards')
  t.strictSame(seen.announcers.slice(-2), ['server14', 'server11'], 'each announces the VIP when it takes it')
  t.comment(`frames forwarded: ${JSON.stringify(seen.frames)}`)
}
