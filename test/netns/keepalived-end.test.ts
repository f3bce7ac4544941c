import { existsSync } from 'node:fs'
import type { Test } from 'tap'
import { realIpvsadm } from '../lib/ipvs-client.js'
import { isMaster, type PairDirector, type PairLab, pairVip, startPair } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { executeOrThrow } from '../lib/process.js'
import { programOf } from '../lib/process-tree.js'
import { SteadyClient } from '../lib/steady-client.js'
import { nowMs } from '../lib/steady-request.js'

for (const dataplane of ['xdp', 'raw'] as const) {
  const directorArgs = ['--dataplane', dataplane]
  await pairTest(`keepalived ends, then xlvs down: ${dataplane}`, leavesNothing, { directorArgs })
}

await pairTest('xlvs down, then keepalived ends', async (t, lab) => {
  const { server11, server14 } = lab.directors
  await startPair(lab)
  const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs: 300 })
  await client.isServed(20)

  t.equal((await server11.xlvs.down()).status, 0)
  const startedAt = nowMs()
  await server11.keepalived.stop()
  t.comment(`it took ${Math.round(nowMs() - startedAt)} ms to end`)
  t.notMatch(
    server11.keepalived.log,
    /failed to die/,
    'its parent, which waits 5 s for its children, has not killed any',
  )
  t.strictSame(server11.keepalived.leftFiles, [], 'files')
  t.strictSame(await programsOf(server11), [], 'processes')
  t.notMatch(await addressesOf(server11), pairVip, 'the VIP')
  await isMaster(server14)
  await client.isServed(20)
  await client.stop()
})

async function leavesNothing(t: Test, lab: PairLab): Promise<void> {
  const { server11, server14 } = lab.directors
  await startPair(lab)
  const client = await SteadyClient.start(lab.client.namespace, lab.url)
  await client.isServed(20)
  t.ok((await programsOf(server11)).includes('keepalived'))
  t.match(await addressesOf(server11), pairVip)

  await server11.keepalived.stop()
  t.equal(await realIpvsadm(server11.xlvs, '-Sn'), '', 'its services have gone')
  t.notMatch(await addressesOf(server11), pairVip, 'and the VIP')
  t.strictSame(server11.keepalived.leftFiles, [], 'and its files')
  t.notOk((await programsOf(server11)).includes('keepalived'), 'and its processes')
  await isMaster(server14)
  await client.isServed(20)
  await client.stop()

  for (const director of [server11, server14]) {
    const { name, xlvs, keepalived } = director
    if (keepalived.running) await keepalived.stop()
    const down = await xlvs.down()
    t.equal(down.status, 0, `${name}: xlvs down${down.stderr}`)
    await xlvs.daemon.ends()
    t.notOk(existsSync(xlvs.options.runtimeDirectory), 'runtime directory, with sockets and state')
    t.notOk(existsSync(xlvs.options.pinDirectory), 'pins')
    t.equal(await director.host.namespace.exec('nft', ['list', 'ruleset']), '', 'nftables')
    t.strictSame(await programsOf(director), [], 'processes')
    t.notMatch(await director.host.namespace.exec('ip', ['link', 'show', 'eth0']), /xdp/, 'programs')
  }
}

/** Names of the programs that run in a director's namespace. */
async function programsOf({ host }: PairDirector): Promise<string[]> {
  const pids = await executeOrThrow('ip', ['netns', 'pids', host.namespace.name])
  return pids.split('\n').filter(Boolean).map(Number).map(programOf).sort()
}

function addressesOf({ host }: PairDirector): Promise<string> {
  return host.namespace.exec('ip', ['-o', 'address', 'show', 'dev', 'eth0'])
}
