import { ForwardWatch } from '../lib/forward-watch.js'
import { isMaster, killWeb, startDirector, startPair, startWeb } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { rotationIs } from '../lib/rotation.js'
import { longestSilence, SteadyClient, seenBy } from '../lib/steady-client.js'

/** As in keepalived-master.test.ts. Its timeout is longer here: this data plane takes its time. */
const withinMs = 4000
const timeoutMs = 400

await pairTest(
  'two directors without XDP',
  async (t, lab) => {
    const { server11, server14 } = lab.directors
    const { server12, server13 } = lab.servers
    await startPair(lab)
    t.equal((await server11.xlvs.status()).dataplane, 'raw')
    const watch = await ForwardWatch.start(lab)
    const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs })
    await client.isServed(20)

    await t.test('a real server dies and returns', async (t) => {
      await killWeb(server12)
      await rotationIs(server11, [server13])
      t.strictSame(seenBy(await client.asks(20)), ['server13'], 'it gets no request')
      await startWeb(server12)
      await rotationIs(server11, [server12, server13])
      await client.isServed(20)
    })

    await t.test('the master dies and returns', async () => {
      // Nobody forwards then, in spite of the VIP that it has left: this data plane is a process.
      await server11.xlvs.end('SIGKILL')
      await server11.keepalived.kill()
      await isMaster(server14)
      await client.isServed(20)
      await startDirector(server11)
      await isMaster(server11, server14)
      await client.isServed(20)
    })

    const silence = longestSilence(await client.stop())
    t.ok(silence < withinMs, `longest time without an answer: ${Math.round(silence)} ms`)
    t.strictSame((await watch.stop()).forwarders, ['server11', 'server14', 'server11'], 'one at a time forwards')
  },
  { directorArgs: ['--dataplane', 'raw'] },
)
