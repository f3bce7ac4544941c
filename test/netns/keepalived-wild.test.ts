import { wildConf } from '../lib/keepalived-wild-conf.js'
import { isMaster, killWeb, pairVip, startWeb, vrrpOptionsOf } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { rotationIs } from '../lib/rotation.js'
import { failed, SteadyClient, seenBy, since } from '../lib/steady-client.js'
import { nowMs } from '../lib/steady-request.js'
import { waitFor } from '../lib/wait-for.js'

/** delay_loop, and three retries of delay_before_retry: a refusal takes no time. And what a busy machine takes. */
const withinMs = (6 + 3 * 3 + 5) * 1000

const firstChecks = [/TCP connection to \[172.25.0.12\]:tcp:80 success/, /Web server \[172.25.0.13\]:tcp:80 succeed/]

await pairTest('a keepalived.conf as it stands in the wild', async (t, lab) => {
  const { server11, server14 } = lab.directors
  const { server12, server13 } = lab.servers
  for (const director of [server11, server14]) {
    await director.xlvs.start()
    director.keepalived.configure(wildConf(vrrpOptionsOf(director)))
    await director.keepalived.start()
  }
  await isMaster(server11, server14)
  t.match(server11.keepalived.log, /Unknown keyword 'nb_get_retry'/, 'what keepalived does not know it leaves out')
  // Up to a server's first success a single failure is enough.
  await waitFor('the first checks', () => firstChecks.every((check) => check.test(server11.keepalived.log)), withinMs)
  await rotationIs(server11, [server12, server13])
  const client = await SteadyClient.start(lab.client.namespace, lab.url)
  t.strictSame(seenBy(await client.asks(20)), ['server12', 'server13'], `${pairVip} is balanced`)

  for (const [dying, other] of [
    [server12, server13],
    [server13, server12],
  ] as const) {
    await killWeb(dying)
    const diedAt = nowMs()
    await rotationIs(server11, [other], withinMs)
    t.comment(`${dying.name}: out after ${Math.round(nowMs() - diedAt)} ms`)
    t.strictSame(seenBy(await client.asks(20)), [other.name], `no request goes to ${dying.name}`)
    const before = nowMs()
    await startWeb(dying)
    await rotationIs(server11, [server12, server13], withinMs)
    await client.asks(20)
    t.strictSame(failed(since(before, client.requests)), [], `${dying.name} returns, and no request fails`)
  }

  await server11.keepalived.kill()
  await server11.xlvs.end('SIGKILL')
  await isMaster(server14)
  await client.isServed(20)
  await client.stop()
})
