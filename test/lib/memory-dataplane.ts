import type { Address } from '../../src/core/address.js'
import { type Connection, defaultTimeouts, type Timeouts } from '../../src/core/connection.js'
import type { NextHop } from '../../src/core/next-hop.js'
import { type ServerKey, serverKeyText } from '../../src/core/real-server.js'
import { addTraffic, noTraffic, type Traffic } from '../../src/core/traffic.js'
import { type ServiceKey, serviceKeyText } from '../../src/core/virtual-service.js'
import type {
  Dataplane,
  DataplaneStats,
  ServerCounters,
  ServiceCounters,
  ServiceEntry,
  ServiceIncrement,
} from '../../src/dataplane/dataplane.js'
import type { SchedulePlan } from '../../src/scheduler/scheduler.js'

type Write =
  | 'setOwnMacs'
  | 'setService'
  | 'removeService'
  | 'setNextHop'
  | 'zero'
  | 'setDeparted'
  | 'setTimeouts'
  | 'collect'

interface Cue {
  readonly error: Error
  readonly write: Write | undefined
}

/** A data plane that keeps what it is told in memory, insists on the contract, and fails on cue. */
export class MemoryDataplane implements Dataplane {
  readonly name = 'memory'
  readonly supports = { survivesProcess: true }
  /** Every write that was carried out, in order: `setService tcp 192.0.2.10:80`. */
  readonly writes: string[] = []
  /** What {@link connections} will list. */
  connectionList: Connection[] = []
  closed = false
  overall: DataplaneStats = {
    verdicts: new Map(),
    connections: { inUse: 0, capacity: 1024, evicted: 0, expired: 0 },
    interfaces: [{ name: 'memory0', mode: 'native' }],
  }

  readonly #entries = new Map<string, ServiceEntry>()
  readonly #picks = new Map<string, number>()
  ownMacs: readonly string[] = []
  readonly #hops = new Map<Address, NextHop>()
  readonly #counts = new Map<string, Omit<ServerCounters, keyof ServerKey>>()
  #moved: ServiceIncrement[] = []
  readonly #ownTraffic = new Map<string, Traffic>()
  /** How many servers have each address. */
  readonly #names = new Map<Address, number>()
  #cues: Cue[] = []
  #timeouts = defaultTimeouts
  #departed = noTraffic

  /** The next write, or the next one of that kind, throws the error and changes nothing. */
  failNext(error: Error, write?: Write): void {
    this.#cues.push({ error, write })
  }

  /** Says that picks were made by the plan in force. */
  makePicks(key: ServiceKey, picks: number): void {
    this.#picks.set(serviceKeyText(key), this.picks(key) + picks)
  }

  /** Sets the counts of a server and adds to its and its service's traffic. */
  count(key: ServiceKey, server: ServerKey, counts: { active?: number; inactive?: number; traffic?: Traffic }): void {
    const text = countsKey(key, server)
    const { active, inactive, traffic } = this.#counts.get(text) ?? noCounts
    this.#counts.set(text, {
      active: counts.active ?? active,
      inactive: counts.inactive ?? inactive,
      traffic: addTraffic(traffic, counts.traffic ?? noTraffic),
    })
    this.#noteMove(key, server, counts.traffic ?? noTraffic)
    const own = this.#ownTraffic.get(serviceKeyText(key)) ?? noTraffic
    this.#ownTraffic.set(serviceKeyText(key), addTraffic(own, counts.traffic ?? noTraffic))
  }

  setService(entry: ServiceEntry): void {
    for (const index of planned(entry.plan)) {
      if (!entry.servers[index]) throw new Error(`plan names server ${index} of ${entry.servers.length}`)
    }
    const text = serviceKeyText(entry.service)
    this.#written('setService', text)
    this.#replace(text, structuredClone(entry))
    this.#picks.set(text, 0)
  }

  removeService(key: ServiceKey): void {
    this.#written('removeService', serviceKeyText(key))
    this.#replace(serviceKeyText(key), undefined)
    this.#ownTraffic.delete(serviceKeyText(key))
  }

  services(): Iterable<ServiceEntry> {
    return structuredClone([...this.#entries.values()])
  }

  /** What is installed for one service. */
  service(key: ServiceKey): ServiceEntry | undefined {
    return this.#entries.get(serviceKeyText(key))
  }

  picks(key: ServiceKey): number {
    return this.#picks.get(serviceKeyText(key)) ?? 0
  }

  setNextHop(rip: Address, hop: NextHop): void {
    this.#written('setNextHop', rip)
    this.#hops.set(rip, hop)
  }

  nextHops(): ReadonlyMap<Address, NextHop> {
    return this.#hops
  }

  setOwnMacs(macs: readonly string[]): void {
    this.#written('setOwnMacs', macs.join(' '))
    this.ownMacs = macs
  }

  *counters(...keys: readonly ServiceKey[]): Iterable<ServiceCounters> {
    const chosen = keys.length === 0 ? this.#entries.values() : keys.flatMap((key) => this.service(key) ?? [])
    for (const { service, servers } of chosen) {
      yield {
        key: { protocol: service.protocol, vip: service.vip, vport: service.vport },
        traffic: this.#ownTraffic.get(serviceKeyText(service)) ?? noTraffic,
        servers: servers.map(({ rip, rport }) => ({
          rip,
          rport,
          ...(this.#counts.get(countsKey(service, { rip, rport })) ?? noCounts),
        })),
      }
    }
  }

  moved(): readonly ServiceIncrement[] {
    const moved = this.#moved
    this.#moved = []
    return moved
  }

  #noteMove(key: ServiceKey, { rip, rport }: ServerKey, traffic: Traffic): void {
    const sameService = (row: ServiceIncrement) => serviceKeyText(row.key) === serviceKeyText(key)
    const before = this.#moved.find(sameService) ?? { key, traffic: noTraffic, servers: [] }
    const isServer = (server: ServerKey) => server.rip === rip && server.rport === rport
    const had = before.servers.find(isServer)?.traffic ?? noTraffic
    const servers = [
      ...before.servers.filter((server) => !isServer(server)),
      { rip, rport, traffic: addTraffic(had, traffic) },
    ]
    this.#moved = [
      ...this.#moved.filter((row) => !sameService(row)),
      { key, traffic: addTraffic(before.traffic, traffic), servers },
    ]
  }

  zero(key?: ServiceKey): void {
    this.#written('zero', key ? serviceKeyText(key) : 'all')
    for (const { service, servers } of this.#entries.values()) {
      if (key && serviceKeyText(key) !== serviceKeyText(service)) continue
      this.#ownTraffic.delete(serviceKeyText(service))
      for (const server of servers) {
        const counts = this.#counts.get(countsKey(service, server))
        if (counts) this.#counts.set(countsKey(service, server), { ...counts, traffic: noTraffic })
      }
    }
  }

  stats(): DataplaneStats {
    return this.overall
  }

  async *connections(): AsyncIterable<Connection> {
    yield* this.connectionList
  }

  departed(): Traffic {
    return this.#departed
  }

  setDeparted(traffic: Traffic): void {
    this.#written('setDeparted', String(traffic.conns))
    this.#departed = traffic
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#written('setTimeouts', Object.values(timeouts).join(' '))
    this.#timeouts = timeouts
  }

  timeouts(): Timeouts {
    return this.#timeouts
  }

  collect(): void {
    this.#written('collect', '')
    for (const rip of this.#hops.keys()) if (!this.#names.has(rip)) this.#hops.delete(rip)
  }

  close(): void {
    this.closed = true
  }

  #written(write: Write, what: string): void {
    const at = this.#cues.findIndex((cue) => cue.write === undefined || cue.write === write)
    const [cue] = at < 0 ? [] : this.#cues.splice(at, 1)
    if (cue) throw cue.error
    this.writes.push(`${write} ${what}`.trim())
  }

  #replace(text: string, entry: ServiceEntry | undefined): void {
    for (const { rip } of entry?.servers ?? []) this.#names.set(rip, (this.#names.get(rip) ?? 0) + 1)
    for (const { rip } of this.#entries.get(text)?.servers ?? []) {
      const left = (this.#names.get(rip) ?? 0) - 1
      if (left > 0) this.#names.set(rip, left)
      else this.#names.delete(rip)
    }
    if (entry) this.#entries.set(text, entry)
    else this.#entries.delete(text)
  }
}

const noCounts = { active: 0, inactive: 0, traffic: noTraffic }

function countsKey(key: ServiceKey, server: ServerKey): string {
  return `${serviceKeyText(key)} ${serverKeyText(server)}`
}

/** Positions in the list of the servers that a plan can pick. */
function planned(plan: SchedulePlan): readonly number[] {
  return plan.pick === 'sequence'
    ? plan.segments.flatMap(({ servers }) => servers)
    : plan.entries.map(({ server }) => server)
}
