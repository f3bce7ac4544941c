import type { Test } from 'tap'
import { ipvsClient, realIpvsadm } from '../lib/ipvs-client.js'
import { globalDefs, webService } from '../lib/keepalived-conf.js'
import { KeepalivedProcess } from '../lib/keepalived-process.js'
import { isMaster, killWeb, pairService, pairVip, startPair, startWeb } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { rotationIs } from '../lib/rotation.js'
import { failed, SteadyClient, seenBy } from '../lib/steady-client.js'
import type { SteadyRequest } from '../lib/steady-request.js'

await pairTest('the checkers of keepalived are killed and restarted', async (t, lab) => {
  const { host, xlvs } = lab.directors.server11
  const { server12, server13 } = lab.servers
  await host.namespace.ip([`address add ${pairVip}/32 dev eth0`])
  await xlvs.start()
  const directory = lab.workspace.temporaryDirectory('checkers')
  const keepalived = new KeepalivedProcess(host.namespace, { directory, ...ipvsClient(xlvs), args: ['--check'] })
  keepalived.configure(globalDefs() + webService(pairService))
  await keepalived.start()
  const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs: 3000 })
  await client.asks(20)

  await keepalived.kill()
  const saved = await realIpvsadm(xlvs, '-Sn')
  t.strictSame(failed(await client.asks(20)), [], 'requests go on without it')
  const said = keepalived.log.length
  await keepalived.start()
  t.strictSame(
    complaints(keepalived.log.slice(said)),
    [
      'SET_ADD(1154): Service already exists(17)',
      ...Array(2).fill('SET_ADDDEST(1159): Destination already exists(17)'),
    ],
    'it finds its services in IPVS, which is not new to it',
  )
  t.equal(await realIpvsadm(xlvs, '-Sn'), saved, 'the rules are as they were')
  await client.asks(20)
  t.strictSame(failed(client.requests), [], `none of ${client.requests.length} requests has failed`)

  await t.test('a real server dies while there is none', async (t) => {
    await keepalived.kill()
    await killWeb(server12)
    await keepalived.start()
    await rotationIs(lab.directors.server11, [server13])
    t.strictSame(seenBy(await client.asks(20)), ['server13'])
    await startWeb(server12)
    await rotationIs(lab.directors.server11, [server12, server13])
    t.strictSame(seenBy(await client.asks(20)), ['server12', 'server13'])
  })
  await client.stop()
})

await pairTest("the master's keepalived is killed and restarted, VRRP and all", async (t, lab) => {
  const { server11, server14 } = lab.directors
  await startPair(lab)

  await t.test('at once, as systemd does', async (t) => {
    const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs: 3000 })
    await client.asks(20)
    await server11.keepalived.kill()
    // It takes its VIP away at first, and listens for 3 s. What comes for the VIP still goes through the packet program.
    await server11.keepalived.start()
    await isMaster(server11, server14)
    await client.asks(20)
    fewFail(t, await client.stop())
  })

  await t.test('when the backup has taken over', async (t) => {
    const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs: 3000 })
    await client.asks(20)
    await server11.keepalived.kill()
    await isMaster(server14)
    await client.asks(20)
    await server11.keepalived.start()
    await isMaster(server11, server14)
    await client.asks(20)
    fewFail(t, await client.stop())
  })
})

/** The VIP moves at most twice. A connection that is open then is unknown to the other director, which resets it. */
function fewFail(t: Test, requests: readonly SteadyRequest[]): void {
  const failures = failed(requests)
  t.ok(failures.length <= 2, `of ${requests.length} requests ${failures.length} failed`)
  t.strictSame(
    failures.filter(({ error }) => error !== 'ECONNRESET'),
    [],
    'by nothing but a reset',
  )
}

/** Requests to IPVS that failed, as keepalived logs them. */
function complaints(log: string): string[] {
  return [...log.matchAll(/IPVS cmd IP_VS_SO_(\S+) error: (.*?) \(172/g)].map(
    ([, command, error]) => `${command}: ${error}`,
  )
}
