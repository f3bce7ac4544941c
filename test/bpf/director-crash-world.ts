/** What the crash test looks at: a director on the maps of a program in the kernel, started as the daemon starts it. */
import { isDeepStrictEqual } from 'node:util'
import type { BpfMap } from '../../src/bpf/index.js'
import type { Address } from '../../src/core/address.js'
import { DirectorError } from '../../src/core/errors.js'
import type { NextHop } from '../../src/core/next-hop.js'
import { type RealServer, serverKeyText } from '../../src/core/real-server.js'
import { type ServiceKey, serviceKeyText } from '../../src/core/virtual-service.js'
import type { ServiceCounters, ServiceEntry } from '../../src/dataplane/dataplane.js'
import { addressFromStruct } from '../../src/dataplane/tables/address-codec.js'
import {
  ipAddrLayout,
  type NextHopStruct,
  nextHopLayout,
  planLayout,
  realServerLayout,
  serverFlag,
  serviceKeyLayout,
  serviceLayout,
} from '../../src/dataplane/tables/layout.gen.js'
import { fromBytes, type Layout } from '../../src/dataplane/tables/layout-fields.js'
import { serviceKeyFromStruct } from '../../src/dataplane/tables/service-codec.js'
import { Director } from '../../src/director/director.js'
import { nextPlan } from '../../src/director/planner.js'
import type { SchedulePlan } from '../../src/scheduler/scheduler.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import { FakeNextHops } from '../lib/fake-next-hops.js'
import { ManualClock } from '../lib/manual-clock.js'
import { MemoryLog } from '../lib/memory-log.js'
import { frame } from '../lib/packet.js'
import { datagram, forgetRemoved, segment } from './director-fixture.js'
import { lanesOf } from './director-lanes.js'

export interface World {
  readonly bpf: BpfDirector
  readonly director: Director
  readonly nextHops: FakeNextHops
}

export type Ways = Readonly<Record<Address, NextHop>>

/** Adopts what is in the maps, as a new daemon does. */
export async function start(bpf: BpfDirector, ways: Ways): Promise<World> {
  bpf.restart()
  const nextHops = new FakeNextHops()
  for (const [rip, hop] of Object.entries(ways)) nextHops.set(rip, hop)
  const director = new Director({ dataplane: bpf.dataplane, nextHops, log: new MemoryLog(), clock: new ManualClock() })
  await director.start()
  return { bpf, director, nextHops }
}

/** Runs what may have been done already. */
export async function again(operation: () => void | Promise<void>): Promise<void> {
  const done = ['SERVICE_EXISTS', 'SERVER_EXISTS', 'NO_SUCH_SERVICE', 'NO_SUCH_SERVER']
  try {
    await operation()
  } catch (error) {
    if (!(error instanceof DirectorError && done.includes(error.code))) throw error
  }
}

/** What the operator would see. Services by their key; each figure of services and servers by its path. */
export interface State {
  readonly services: ReadonlyMap<string, string>
  readonly counters: ReadonlyMap<string, string>
}

export function stateOf({ bpf: { dataplane } }: World): State {
  const stated = ({ service, servers }: ServiceEntry) => [serviceKeyText(service), JSON.stringify({ service, servers })]
  return {
    services: new Map(Array.from(dataplane.services(), (entry) => stated(entry) as [string, string])),
    counters: new Map(Array.from(dataplane.counters()).flatMap(counterLines)),
  }
}

function counterLines({ key, traffic, servers }: ServiceCounters): [string, string][] {
  return [
    ...figures(serviceKeyText(key), { ...traffic }),
    ...servers.flatMap(({ traffic, active, inactive, ...server }) =>
      figures(`${serviceKeyText(key)} ${serverKeyText(server)}`, { ...traffic, active, inactive }),
    ),
  ]
}

function figures(of: string, named: Readonly<Record<string, number>>): [string, string][] {
  return Object.entries(named).map(([name, figure]) => [`${of} ${name}`, String(figure)])
}

/** What is neither as it was before an operation nor as it is after it. */
export function neitherNor(found: State, before: State, after: State): string[] {
  return (['services', 'counters'] as const).flatMap((what) =>
    [...new Set([...before[what].keys(), ...after[what].keys(), ...found[what].keys()])].flatMap((key) => {
      const [was, is, will] = [before, found, after].map((state) => state[what].get(key))
      // A row that only one of the two states has is told by `services`.
      if (is === was || is === will || (what === 'counters' && is === undefined)) return []
      return [`${what}: ${key} is ${is}, was ${was}, will be ${will}`]
    }),
  )
}

/** What the maps themselves say that cannot be, for a director that has started. */
export function contradictions({ bpf }: World): string[] {
  const { dataplane, maps } = bpf
  const entries = [...dataplane.services()]
  const listed = entries.flatMap(({ service, servers }) =>
    servers.map((server) => `${serviceKeyText(service)} ${serverKeyText(server)}`),
  )
  const slots = structs(bpf, 'realServers', realServerLayout)
  const available = slots.filter(({ flags }) => flags & serverFlag.AVAILABLE)
  const folded = slots.filter(({ flags }) => flags & serverFlag.FOLDED)
  const vips = new Set(entries.map(({ service }) => service.vip))
  const users = [...vips].map((vip) => entries.filter(({ service }) => service.vip === vip).length).sort()
  const { count, values } = maps.vips.lookupAll()
  const counted = Array.from({ length: count }, (_, i) => values.readUInt32LE(4 * i)).sort()
  const hops = dataplane.nextHops()
  const eligible = ({ rip, weight }: RealServer) => weight > 0 && (hops.get(rip) ?? 'unresolved') !== 'unresolved'
  const fromTheStart = (plan: SchedulePlan) => ({ ...plan, start: 0 })
  const wrongPlans = entries.filter((entry) => {
    return !isDeepStrictEqual(fromTheStart(entry.plan), fromTheStart(nextPlan(entry, eligible).plan))
  })
  const waiting = ({ rip, weight }: RealServer) => weight > 0 && (hops.get(rip) ?? 'unresolved') === 'unresolved'
  const counts = unresolvedByService(bpf)
  const miscounted = entries.filter(({ service, servers }) => {
    return counts.get(serviceKeyText(service)) !== servers.filter(waiting).length
  })
  return [
    ...(available.length === listed.length ? [] : [`${available.length} servers available, ${listed.length} listed`]),
    ...(folded.length === 0 ? [] : [`${folded.length} servers still to be freed`]),
    ...(String(users) === String(counted) ? [] : [`vips: ${counted}, services have ${users}`]),
    ...wrongPlans.map((entry) => `a plan that is not its list's: ${JSON.stringify(entry)}`),
    ...miscounted.map(({ service, servers }) => {
      const text = serviceKeyText(service)
      return `a plan that waits for ${counts.get(text)} servers: ${text} ${JSON.stringify(servers)}`
    }),
    ...wrongLanes(bpf),
    ...[...dataplane.counters()].flatMap((row) =>
      /-\d/.test(JSON.stringify(row)) ? [`negative: ${JSON.stringify(row)}`] : [],
    ),
  ]
}

/** Where a CPU was told something else about a server than its slot says. */
function wrongLanes(bpf: BpfDirector): string[] {
  const hops = structs(bpf, 'nextHops', nextHopLayout)
  return structs(bpf, 'realServers', realServerLayout).flatMap(({ flags, rip }, slot) => {
    const address = addressFromStruct(rip)
    if (!(flags & serverFlag.PRESENT)) return []
    const available = flags & serverFlag.AVAILABLE ? 1 : 0
    return lanesOf(bpf, slot).flatMap((lane, cpu) =>
      lane.available === available && isWayTo(address, hops[lane.nextHop])
        ? []
        : [`CPU ${cpu}, slot ${slot}: available ${lane.available}, next hop ${lane.nextHop}`],
    )
  })
}

function isWayTo(address: Address, hop: NextHopStruct | undefined): boolean {
  return hop?.used === 1 && addressFromStruct(hop.rip) === address
}

/** How many servers the plan in force of each service leaves out for want of a way. */
function unresolvedByService(bpf: BpfDirector): ReadonlyMap<string, number | undefined> {
  const { count, keys, values } = bpf.maps.services.lookupAll()
  const plans = structs(bpf, 'plans', planLayout)
  return new Map(
    Array.from({ length: count }, (_, i) => {
      const key = serviceKeyFromStruct(fromBytes(serviceKeyLayout, keys, i))
      return [serviceKeyText(key), plans[fromBytes(serviceLayout, values, i).plan]?.nUnresolved]
    }),
  )
}

/** Addresses without a service whose fragments are dropped, as the maps stand. */
export function droppedTooMuch({ maps: { services, vips } }: BpfDirector): string[] {
  const addresses = (map: BpfMap) => {
    const { count, keys } = map.lookupAll()
    const size = map.info.keySize
    return Array.from({ length: count }, (_, i) => addressFromStruct(fromBytes(ipAddrLayout, keys.subarray(i * size))))
  }
  const served = addresses(services)
  return addresses(vips).filter((vip) => !served.includes(vip))
}

/** Slots that are in use before all of them is written. */
export function halfWritten(bpf: BpfDirector): string[] {
  const slots = structs(bpf, 'realServers', realServerLayout)
  return slots.flatMap(({ flags, rip, service }, i) =>
    flags && !(rip.words[3] && service.protocol) ? [`slot ${i}`] : [],
  )
}

/** What is still taken when all services have been removed and their connections have gone. */
export function leftOver({ bpf }: World): string[] {
  for (const { service } of [...bpf.dataplane.services()]) bpf.dataplane.removeService(service)
  endConnections(bpf)
  forgetRemoved(bpf)
  const present = structs(bpf, 'realServers', realServerLayout).filter(({ flags }) => flags !== 0).length
  const hops = structs(bpf, 'nextHops', nextHopLayout).filter(({ used }) => used !== 0).length
  const [services, vips] = [bpf.maps.services.lookupAll().count, bpf.maps.vips.lookupAll().count]
  const left = { present, hops, services, vips }
  return Object.values(left).every((count) => count === 0) ? [] : [`left over: ${JSON.stringify(left)}`]
}

/** As the sweeper does when all have expired. */
export function endConnections({ maps: { serverCounts } }: BpfDirector): void {
  new Uint8Array(serverCounts.view().buffer).fill(0)
}

export function structs<T>({ maps }: BpfDirector, map: 'realServers' | 'nextHops' | 'plans', layout: Layout<T>): T[] {
  const { values } = maps[map].lookupAll()
  return Array.from({ length: values.length / layout.size }, (_, i) => fromBytes(layout, values, i))
}

/** What becomes of packets: of connections that are there, with where they are sent, and new ones. */
export function packetsFare(bpf: BpfDirector, vips: readonly Address[]): readonly string[] {
  const verdictOf = (verdict: string) => verdict.replace(/^(route|tunnel)_tx$/, 'forwarded')
  const known = [...[1, 2, 3, 4, 5, 6].map((sport) => segment('A', sport)), datagram(1)]
  const fresh = vips.flatMap((destination) => [
    segment('S', 900, { destination }),
    frame({ ip: { destination }, tcp: { sport: 901, dport: 443 } }),
    datagram(902, { destination }),
    segment('A', 903, { destination, mf: true }),
  ])
  return [
    ...known.map((data) => {
      const sent = bpf.send(data)
      return `${verdictOf(sent.verdict)} ${sent.frame.toString('hex', 0, 12)}`
    }),
    ...fresh.map((data) => verdictOf(bpf.send(data).verdict)),
  ]
}

export function keyOf({ protocol, vip, vport }: ServiceKey): ServiceKey {
  return { protocol, vip, vport }
}
