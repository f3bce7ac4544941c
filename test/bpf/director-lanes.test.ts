/** Each CPU reads and counts in lanes of its own: the one of the packet's server, and no other. */
import t from 'tap'
import { realServerLayout, verdictNames } from '../../src/dataplane/tables/layout.gen.js'
import { MappedArray } from '../../src/dataplane/tables/mapped-array.js'
import { Verdicts } from '../../src/dataplane/tables/verdicts.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import { frame } from '../lib/packet.js'
import { allowedCpus, pinToCpu } from '../lib/pin-to-cpu.js'
import { endConnections } from './director-crash-world.js'
import { chosen, forgetRemoved, openDirector, segment, server, wayTo, web } from './director-fixture.js'
import { lanesOf, mislead, slotOf } from './director-lanes.js'
import { about, fromClientUdp, openTunnels, outer } from './director-tunnel-fixture.js'

const cpus = allowedCpus().slice(0, 4)
const nothing = { conns: 0n, packets: 0n, bytes: 0n }

function misleadOthers(director: BpfDirector, cpu: number, slot: number): void {
  const others = [...lanesOf(director, slot).keys()].filter((other) => other !== cpu)
  for (const other of others) mislead(director, other, slot, { nextHop: 0xffff_ffff, available: 0 })
}

/** By CPU, how many packets were given each verdict that was given. */
function verdicts({ maps }: BpfDirector): Record<string, number>[] {
  const cpus = maps.serverLanes.info.maxEntries
  const counters = new Verdicts(maps.verdicts, cpus)
  return Array.from({ length: cpus }, (_, cpu) => {
    const packets = counters.packetsOf(cpu).map((count, verdict) => [verdictNames[verdict], count] as const)
    return Object.fromEntries(packets.filter(([, count]) => count > 0))
  })
}

t.test('a packet is sent as its CPU was told, and is counted there alone', async (t) => {
  for (const cpu of cpus) {
    pinToCpu(cpu)
    const director = openDirector(t)
    director.install(web, [server(2), server(1)])
    const [slot, another] = [slotOf(director, 2), slotOf(director, 1)]
    for (const each of [slot, another]) misleadOthers(director, cpu, each)
    for (const flags of ['S', 'A', 'PA'] as const) t.equal(chosen(director.send(segment(flags)).frame), 2)

    const counted = (of: number) => lanesOf(director, of).map(({ traffic }) => traffic)
    const onlyHere = <T>(here: T, elsewhere: T) => counted(slot).map((_, n) => (n === cpu ? here : elsewhere))
    t.same(counted(slot), onlyHere({ conns: 1n, packets: 3n, bytes: 120n }, nothing), `CPU ${cpu}`)
    t.same(counted(another), onlyHere(nothing, nothing), 'nor for another server')
    t.same(verdicts(director), onlyHere<object>({ ROUTE_TX: 3 }, {}), `verdicts of CPU ${cpu}`)
  }
})

t.test('a router is believed by what its CPU was told', async (t) => {
  for (const cpu of cpus) {
    pinToCpu(cpu)
    const director = openTunnels(t)
    for (const slot of [0, 1]) misleadOthers(director, cpu, slot)
    const error = frame(about(outer(fromClientUdp), { type: 3, code: 1 }))
    t.equal(director.send(error).verdict, 'icmp_tunnel_error', `CPU ${cpu}`)
  }
})

t.test('a director that starts tells every CPU anew', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(2), server(1)])
  t.same(
    [1, 2].map((sport) => chosen(director.send(segment('S', sport)).frame)),
    [2, 1],
  )
  director.install(web, [server(1)])
  for (const slot of [slotOf(director, 1), slotOf(director, 2)]) {
    for (const [cpu, { nextHop, available }] of lanesOf(director, slot).entries()) {
      mislead(director, cpu, slot, { nextHop: nextHop ^ 1, available: 1 - available })
    }
  }
  director.restart()
  for (const cpu of cpus) {
    pinToCpu(cpu)
    t.equal(chosen(director.send(segment('A', 2)).frame), 1, `CPU ${cpu}`)
    t.equal(director.send(segment('A', 1)).verdict, 'drop_server_removed', `the removed one, CPU ${cpu}`)
  }
})

t.test('a server in the last slot is one as any', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  const slots = new MappedArray(director.maps.realServers, realServerLayout)
  const last = slots.capacity - 1
  slots.set(last, slots.get(0))
  slots.set(0, { ...slots.get(0), flags: 0 })
  director.restart()
  director.install(web, [server(1)])

  t.equal(slotOf(director, 1), 0xffff)
  for (const flags of ['S', 'A'] as const) t.equal(director.send(segment(flags)).verdict, 'route_tx')
  t.match(shown(director), [{ active: 1, traffic: { conns: 1, inPackets: 2, inBytes: 80 } }])
})

t.test('a new server in the slot of one that is gone has counted nothing on any CPU', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  const slot = slotOf(director, 1)
  for (const cpu of cpus) {
    pinToCpu(cpu)
    director.send(segment('S', cpu + 1))
  }
  director.install(web, [])
  endConnections(director)
  forgetRemoved(director)
  director.advance(1)
  director.dataplane.setNextHop(server(2).rip, wayTo(2))
  director.install(web, [server(2)])
  t.equal(slotOf(director, 2), slot)
  t.match(shown(director), [{ active: 0, traffic: { conns: 0, inPackets: 0, inBytes: 0 } }])
  director.send(segment('S', 40000))
  t.match(shown(director), [{ active: 1, traffic: { conns: 1, inPackets: 1, inBytes: 40 } }])
})

function shown({ dataplane }: BpfDirector): readonly object[] {
  return [...dataplane.counters(web)].flatMap(({ servers }) => servers)
}
