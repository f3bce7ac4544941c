import t from 'tap'
import type { RealServer } from '../../../../src/core/real-server.js'
import { DatagramMemory, datagramBytes } from '../../../../src/dataplane/raw/datagram-memory.js'
import { Forwarder } from '../../../../src/dataplane/raw/forwarder.js'
import { nextHopLayout } from '../../../../src/dataplane/tables/layout.gen.js'
import { server, wayTo, web } from '../../../bpf/director-fixture.js'
import { MemoryLog } from '../../../lib/memory-log.js'
import { breakMap, ModuleDirector } from '../../../lib/module-director.js'
import { packet } from '../../../lib/packet.js'
import { FakeSockets } from '../../../lib/raw-director.js'

const linkMtu = 1500
const syn = packet({ tcp: { flags: 'S' } })

/** The forwarder on a module whose tables a test can reach. */
function onModule(real: RealServer) {
  const director = new ModuleDirector({ packetBytes: datagramBytes })
  const { module, dataplane } = director
  dataplane.setNextHop('10.0.0.1', wayTo(1, { mtu: linkMtu }))
  director.install(web, [real])
  const [sockets, log] = [new FakeSockets(new DatagramMemory(module)), new MemoryLog()]
  const forwarder = new Forwarder({ module, sockets, log })
  sockets.receive('eth0', (count) => forwarder.take(count, { ifindex: 1, mtu: 1500 }))
  return { director, module, dataplane, sockets, log, forwarder }
}

t.test('joined segments are cut to the path MTU of a tunnel if they have DF, else to the link’s', async (t) => {
  const { director, module, sockets } = onModule(server(1, { forwarding: 'tunnel' }))
  const pathMtu = 1300
  const until = (director.nowTicks() >>> 4) + 1
  module.maps.nextHops.view().setUint32(nextHopLayout.offsets.pathMtu, until * 65536 + pathMtu, true)
  sockets.deliver(syn)
  const longest = (df: boolean) => {
    sockets.sent.length = 0
    sockets.deliver(packet({ ip: { df }, tcp: { flags: 'A' }, payload: Buffer.alloc(4000) }))
    return Math.max(...sockets.sent.map(({ datagram }) => datagram.length))
  }
  t.equal(longest(true), pathMtu)
  t.equal(longest(false), linkMtu)
})

t.test('datagrams are for the director, whatever hardware addresses it has', async (t) => {
  const { dataplane, sockets } = onModule(server(1))
  dataplane.setOwnMacs(['02:00:00:00:00:77'])
  sockets.deliver(syn)
  t.equal(sockets.sent.length, 1)
})

t.test('a datagram that the packet path traps on takes no other with it', async (t) => {
  const { module, dataplane, sockets, log, forwarder } = onModule(server(1))
  const opening = (sport: number) => packet({ tcp: { flags: 'S', sport } })
  const goesOn = packet({ tcp: { flags: 'A' } })
  sockets.deliver(syn)
  // New connections look there.
  const mend = breakMap(module, module.maps.realServers)
  sockets.deliver(goesOn, opening(5), goesOn, opening(6), goesOn)
  mend()
  t.equal(sockets.sent.length, 4)
  t.equal(dataplane.stats().verdicts.get('drop_fault'), 2)
  forwarder.report()
  t.match(log.fields[log.lines.indexOf('error packets could not be forwarded: a fault of xlvs')], {
    packets: 2,
    err: { name: 'RuntimeError' },
  })
  sockets.deliver(opening(5))
  t.equal(sockets.sent.length, 5)
})
