import { setTimeout as delay } from 'node:timers/promises'
import { realIpvsadm } from '../lib/ipvs-client.js'
import { killWeb, type PairLab, startPair, startWeb } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { rotationIs } from '../lib/rotation.js'
import { failed, SteadyClient, seenBy, since } from '../lib/steady-client.js'
import { nowMs } from '../lib/steady-request.js'
import { waitFor } from '../lib/wait-for.js'

/** A restart takes about a second; an upgrade may take longer. */
const awayMs = 8000

/** What keepalived says of a request that IPVS refused, or could not take. */
const complaint = /IPVS|error|errno|fail|refused|unable/i

await pairTest('xlvs is killed and restarted under keepalived', async (t, lab) => {
  const { server11 } = lab.directors
  const { xlvs, keepalived } = server11
  const { server12, server13 } = lab.servers
  await startPair(lab)
  const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs: 3000 })
  await client.asks(20)

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await t.test(signal, async (t) => {
      const said = keepalived.log.length
      const saved = await realIpvsadm(xlvs, '-Sn')
      await xlvs.end(signal)
      t.strictSame(failed(await client.asks(20)), [], 'requests go on without it')
      await xlvs.start()
      await client.asks(20)
      t.strictSame(failed(client.requests), [], `none of ${client.requests.length} requests has failed`)
      t.equal(await realIpvsadm(xlvs, '-Sn'), saved, 'the rules are there')
      t.notMatch(keepalived.log.slice(said), complaint, 'keepalived has noticed nothing')
    })
  }

  await t.test('a real server dies meanwhile, and xlvs is away for long', async (t) => {
    const said = logFrom(lab)
    await xlvs.end('SIGKILL')
    await killWeb(server12)
    await waitFor('keepalived to find out', () => /Removing service .*172.25.0.12/.test(said()))
    // Not to wait for something: this is how long the check's result has to wait.
    await delay(awayMs)
    await xlvs.start()
    await rotationIs(server11, [server13])
    t.strictSame(seenBy(await client.asks(20)), ['server13'], 'it gets no request')
    t.notMatch(said().replace(/TCP_CHECK .* failed after/g, ''), complaint, 'keepalived has no complaint')
  })

  await t.test('it returns meanwhile', async (t) => {
    const said = logFrom(lab)
    const before = nowMs()
    await xlvs.end('SIGKILL')
    await startWeb(server12)
    await waitFor('keepalived to find out', () => /Adding service .*172.25.0.12/.test(said()))
    await xlvs.start()
    await rotationIs(server11, [server12, server13])
    t.strictSame(seenBy(await client.asks(20)), ['server12', 'server13'], 'it gets its requests')
    t.strictSame(failed(since(before, client.requests)), [], 'none failed')
    t.notMatch(said(), complaint, 'keepalived has no complaint')
  })
  await client.stop()
})

/** What server11's keepalived says from now on. */
function logFrom({ directors }: PairLab): () => string {
  const { keepalived } = directors.server11
  const { length } = keepalived.log
  return () => keepalived.log.slice(length)
}
