import { isMaster, killWeb, type PairLab, type PairServer, startPair, startWeb } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { rotationIs } from '../lib/rotation.js'
import { failed, longestSilence, SteadyClient, seenBy, since } from '../lib/steady-client.js'
import { nowMs } from '../lib/steady-request.js'

await pairTest('real servers die and return under keepalived', async (t, lab) => {
  const { server12, server13, sorry } = lab.servers
  await startPair(lab)
  await everywhere(lab, server12, server13)
  const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs: 3000 })
  t.strictSame(seenBy(await client.asks(20)), ['server12', 'server13'])
  t.strictSame(failed(client.requests), [], 'no request failed')

  await t.test('one dies', async (t) => {
    await killWeb(server12)
    await everywhere(lab, server13)
    t.strictSame(seenBy(await client.asks(50)), ['server13'], 'the other has all requests, and none fails')
  })

  await t.test('it returns', async (t) => {
    const before = nowMs()
    await startWeb(server12)
    await everywhere(lab, server12, server13)
    t.strictSame(seenBy(await client.asks(50)), ['server12', 'server13'])
    t.strictSame(failed(since(before, client.requests)), [], 'no request failed meanwhile')
  })

  await t.test('all die', async (t) => {
    await killWeb(server12)
    await killWeb(server13)
    await everywhere(lab, sorry)
    t.strictSame(seenBy(await client.asks(50)), ['sorry'], 'the sorry server answers')
  })

  await t.test('one returns', async (t) => {
    const before = nowMs()
    await startWeb(server13)
    await everywhere(lab, server13)
    t.strictSame(seenBy(await client.asks(50)), ['server13'], 'the sorry server has gone')
    // keepalived takes the sorry server out before it puts the real one in: for a moment nobody is there.
    const failures = failed(since(before, client.requests))
    t.comment(
      `${failures.length} refused in between, ${Math.round(longestSilence(since(before, client.requests)))} ms without an answer`,
    )
    t.strictSame([...new Set(failures.map(({ error }) => error))].join(), failures.length ? 'ECONNREFUSED' : '')
  })

  await client.stop()
  await isMaster(lab.directors.server11, lab.directors.server14)
})

/** Waits until both directors have exactly these servers in rotation. */
async function everywhere({ directors }: PairLab, ...servers: readonly PairServer[]): Promise<void> {
  for (const director of Object.values(directors)) await rotationIs(director, servers)
}
