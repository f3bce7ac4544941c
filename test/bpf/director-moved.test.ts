/** What came to which services since one last asked: what the estimator is told, so that idle ones cost nothing. */
import t from 'tap'
import { serverLaneLayout } from '../../src/dataplane/tables/layout.gen.js'
import { MappedArray } from '../../src/dataplane/tables/mapped-array.js'
import { ServerLanes } from '../../src/dataplane/tables/server-lanes.js'
import { TrafficTable } from '../../src/dataplane/tables/traffic-table.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import { endConnections } from './director-crash-world.js'
import { datagram, dns, forgetRemoved, openDirector, segment, server, wayTo, web } from './director-fixture.js'

function moved(director: BpfDirector): (readonly [number, number, number[]])[] {
  return Array.from(director.dataplane.moved(), ({ key, traffic, servers }) => [
    key.vport,
    traffic.inPackets,
    servers.map(({ traffic: { inPackets } }) => inPackets),
  ])
}

/** Removed servers are gone for good, and others can have their slots. */
function freeSlots(director: BpfDirector): void {
  director.advance(200)
  endConnections(director)
  forgetRemoved(director)
  director.advance(10)
}

t.test('a service has moved if a packet went to one of its servers since', (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  director.install(dns, [server(3), server(2)])
  t.same(moved(director), [], 'nothing yet')

  director.send(segment('S', 1))
  t.same(moved(director), [[80, 1, [1]]])
  t.same(moved(director), [], 'told once')

  director.send(segment('A', 1))
  director.send(segment('A', 1))
  for (const sport of [1, 2, 3]) director.send(datagram(sport))
  const both = [
    [80, 2, [2]],
    [53, 3, [2, 1]],
  ]
  t.same(moved(director), both)
  t.end()
})

t.test('slots far apart', (t) => {
  const { maps } = openDirector(t)
  const table = new TrafficTable(maps, new ServerLanes(maps.serverLanes))
  const lanes = new MappedArray(maps.serverLanes, serverLaneLayout)
  const ofLastCpu = lanes.capacity - maps.realServers.info.maxEntries
  const count = (slot: number, packets: number) => {
    const traffic = { conns: 0n, packets: BigInt(packets), bytes: 0n }
    lanes.set(ofLastCpu + slot, { traffic, nextHop: 0, available: 0 })
  }
  const packets = () => Array.from(table.moved(9000), ([slot, { inPackets }]) => [slot, inPackets])
  for (const slot of [0, 4095, 4096, 8999]) count(slot, slot + 1)
  const counted = [
    [0, 1],
    [4095, 4096],
    [4096, 4097],
    [8999, 9000],
  ]
  t.same(packets(), counted)
  count(4096, 5000)
  t.same(packets(), [[4096, 903]])
  table.resetServer(4096)
  t.same(packets(), [], 'a new server begins at 0')
  count(4096, 2)
  t.same(packets(), [[4096, 2]])
  t.end()
})

t.test('servers that come, go and come back', (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  director.send(segment('S', 1))
  t.same(moved(director), [[80, 1, [1]]])

  director.install(web, [server(2), server(1)])
  t.same(moved(director), [], 'a slot more')
  director.send(segment('S', 2))
  t.same(moved(director), [[80, 1, [1]]])

  director.install(web, [server(2)])
  director.send(segment('A', 1))
  t.same(moved(director), [], 'packets for a removed server are dropped')
  director.send(segment('A', 2))
  t.same(moved(director), [[80, 1, [1]]], 'the other goes on')

  freeSlots(director)
  t.same(moved(director), [], 'its slot is free')
  director.install(dns, [server(2)])
  director.send(datagram(1))
  t.same(moved(director), [[53, 1, [1]]], 'another has the slot')
  t.end()
})

t.test('a server that counts just what the one before it in its slot had counted', (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  director.send(segment('S', 1))
  t.same(moved(director), [[80, 1, [1]]])
  director.remove(web)
  freeSlots(director)
  director.dataplane.setNextHop('10.0.0.2', wayTo(2))
  director.install(web, [server(2)])
  director.send(segment('S', 1))
  t.same(moved(director), [[80, 1, [1]]])
  t.end()
})
