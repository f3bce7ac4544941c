import t from 'tap'
import { Listening } from '../../../../src/dataplane/raw/listening.js'
import type { Link } from '../../../../src/net/links.js'
import { MemoryLog } from '../../../lib/memory-log.js'
import { FakeSockets, noDatagrams } from '../../../lib/raw-director.js'
import { waitFor } from '../../../lib/wait-for.js'

const link = (name: string, ifindex: number, mtu = 1500): Link => ({ name, ifindex, mtu, up: true })

t.test('an interface that goes, and one of its name that comes', async (t) => {
  const [sockets, log] = [new FakeSockets(noDatagrams()), new MemoryLog()]
  let links = [link('eth0', 1), link('eth1', 2, 9000), link('eth2', 3, 65_535)]
  const listening = new Listening({ sockets, names: ['eth0', 'eth1'], readLinks: async () => links, log })
  const mtus: number[] = []
  listening.start(links, (_, { mtu }) => mtus.push(mtu))
  t.same([...sockets.listeners.keys()], ['eth0', 'eth1'], 'only those that are named')
  const receive = (name: string) => sockets.listeners.get(name)?.(0)
  for (const name of ['eth0', 'eth1']) receive(name)
  t.same(mtus, [1500, 9000])

  links = [link('eth0', 1, 1400)]
  listening.upkeep()
  await waitFor('eth1 to be missed', async () => listening.list()[1]?.mode === 'gone')
  t.same([...sockets.listeners.keys()], ['eth0'])
  receive('eth0')
  t.equal(mtus.at(-1), 1400)
  listening.upkeep()

  links = [link('eth0', 1), link('eth1', 7)]
  await waitFor('eth1 to be found', async () => {
    listening.upkeep()
    return listening.list()[1]?.mode === 'raw'
  })
  t.same([...sockets.listeners.keys()], ['eth0', 'eth1'])
  t.equal(log.lines.filter((line) => line.startsWith('error')).length, 1, 'said once')
  listening.close()
  t.equal(sockets.listeners.size, 0)
})

t.test('links that cannot be read change nothing', async (t) => {
  const log = new MemoryLog()
  const readLinks = async () => {
    throw new Error('no ip')
  }
  const listening = new Listening({ sockets: new FakeSockets(noDatagrams()), names: ['eth0'], readLinks, log })
  listening.start([link('eth0', 1)], () => {})
  listening.upkeep()
  await waitFor('the failure to be logged', async () => log.lines.some((line) => line.startsWith('warn')))
  t.same(listening.list(), [{ name: 'eth0', mode: 'raw' }])
})
