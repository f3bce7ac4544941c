import type { Address } from '../../core/address.js'
import type { Connection, Timeouts } from '../../core/connection.js'
import type { NextHop } from '../../core/next-hop.js'
import { addTraffic, noTraffic, type Traffic } from '../../core/traffic.js'
import type { ServiceKey } from '../../core/virtual-service.js'
import type {
  Capabilities,
  Dataplane,
  DataplaneStats,
  ServiceCounters,
  ServiceEntry,
  ServiceIncrement,
  ServiceShare,
} from '../dataplane.js'
import { ConnCounts } from './conn-counts.js'
import { ConnectionTable, monotonicTicks } from './connection-table.js'
import { tableStatsLayout, verdictNames } from './layout.gen.js'
import { fromBytes } from './layout-fields.js'
import { NextHopTable } from './next-hop-table.js'
import type { PacketClock } from './pools.js'
import { ServerLanes } from './server-lanes.js'
import { ServerTable, type Slot } from './server-table.js'
import { type Installed, ServiceTable } from './service-table.js'
import { Settings } from './settings.js'
import type { TableMap } from './table-map.js'
import { type RawTraffic, TrafficTable } from './traffic-table.js'
import { Verdicts } from './verdicts.js'

/** The maps of the director that the daemon reads or writes, by their names in layout.gen.ts. */
export interface DirectorMaps {
  readonly config: TableMap
  readonly connCounts: TableMap
  readonly conns: TableMap
  readonly nextHops: TableMap
  readonly planEntries: TableMap
  readonly planSegments: TableMap
  readonly plans: TableMap
  readonly realServers: TableMap
  readonly serverBase: TableMap
  readonly serverCounts: TableMap
  readonly serverLanes: TableMap
  readonly serverShares: TableMap
  readonly serviceBase: TableMap
  readonly serviceShares: TableMap
  readonly services: TableMap
  readonly tableStats: TableMap
  readonly verdicts: TableMap
  readonly vips: TableMap
}

/** Where the programs are attached. */
export interface Interfaces {
  /** As the kernel has it now. */
  list(): DataplaneStats['interfaces']
  /** To be called every few seconds: attaches again where an interface has come back. Throws nothing. */
  upkeep(): void
}

export interface TableDataplaneParts {
  readonly name: string
  readonly supports: Capabilities
  readonly maps: DirectorMaps
  readonly clock: PacketClock
  readonly interfaces: Interfaces
  /** Lets go of what the maps came from. */
  readonly close: () => void | Promise<void>
  /** The clock that the programs read, in ticks; the machine's unless a test has another. */
  readonly nowTicks?: () => number
}

/**
 * Forwarding by the packet path (bpf/), in the kernel or as a module, which shares tables with the daemon. What is in the
 * tables at the start is adopted.
 */
export class TableDataplane implements Dataplane {
  readonly name: string
  readonly supports: Capabilities
  readonly tableSize: number
  readonly #maps: DirectorMaps
  readonly #nextHops: NextHopTable
  readonly #traffic: TrafficTable
  readonly #servers: ServerTable
  readonly #services: ServiceTable
  readonly #connections: ConnectionTable
  readonly #settings: Settings
  readonly #connCounts: ConnCounts
  readonly #verdictCounters: Verdicts
  #serviceShare = 100
  readonly #nowTicks: () => number
  readonly #interfaces: Interfaces
  readonly #close: () => void | Promise<void>

  constructor({ name, supports, maps, clock, interfaces, close, nowTicks = monotonicTicks }: TableDataplaneParts) {
    this.name = name
    this.supports = supports
    this.#maps = maps
    this.#nextHops = new NextHopTable(maps.nextHops, clock)
    const lanes = new ServerLanes(maps.serverLanes)
    this.#traffic = new TrafficTable(maps, lanes)
    this.#servers = new ServerTable(maps, lanes, this.#nextHops, this.#traffic, clock)
    this.#services = new ServiceTable(maps, this.#servers, clock)
    this.#connections = new ConnectionTable(maps.conns, nowTicks)
    this.tableSize = this.#connections.capacity
    this.#settings = new Settings(maps.config)
    this.#connCounts = new ConnCounts(maps.connCounts)
    this.#verdictCounters = new Verdicts(maps.verdicts, maps.serverLanes.info.maxEntries)
    this.#nowTicks = nowTicks
    this.#interfaces = interfaces
    this.#close = close
    for (const slot of [...this.#servers.slots()]) if (slot.folded) this.#letGo(slot)
  }

  setService(entry: ServiceEntry): void {
    this.#services.set(entry)
    this.#limitShares()
  }

  removeService(key: ServiceKey): void {
    this.#services.remove(key)
    this.#limitShares()
  }

  /** One service has nobody to leave room for. */
  #limitShares(): void {
    const percent = this.#services.size > 1 ? this.#serviceShare : 100
    this.#settings.setShareLimit(percent < 100 ? Math.ceil((this.tableSize * percent) / 100) : undefined)
  }

  *services(): Iterable<ServiceEntry> {
    for (const { entry } of this.#services.all()) yield entry
  }

  picks(key: ServiceKey): number {
    const installed = this.#services.get(key)
    return installed ? this.#services.plans.picks(installed.plan) : 0
  }

  setNextHop(rip: Address, hop: NextHop): void {
    this.#nextHops.set(rip, hop)
  }

  nextHops(): ReadonlyMap<Address, NextHop> {
    return this.#nextHops.hops()
  }

  setOwnMacs(macs: readonly string[]): void {
    this.#settings.setOwnMacs(macs, this.#nowTicks())
  }

  *counters(...keys: readonly ServiceKey[]): Iterable<ServiceCounters> {
    // Slots are one service's at a time, and may be another's when the next row is asked for.
    for (const installed of this.#chosen(keys)) yield this.#countersOf(installed, this.#traffic.raw())
  }

  moved(): readonly ServiceIncrement[] {
    const moved = new Map<Installed, { traffic: Traffic; servers: ServiceIncrement['servers'][number][] }>()
    for (const [index, traffic] of this.#traffic.moved(this.#servers.end)) {
      const slot = this.#servers.at(index)
      const installed = slot && this.#services.get(slot.service)
      if (!installed) continue
      const before = moved.get(installed)
      const servers = before?.servers ?? []
      if (slot.available) servers.push({ rip: slot.server.rip, rport: slot.server.rport, traffic })
      moved.set(installed, { traffic: addTraffic(before?.traffic ?? noTraffic, traffic), servers })
    }
    return Array.from(moved, ([{ entry }, { traffic, servers }]) => ({ key: entry.service, traffic, servers }))
  }

  /** Some services, or all where no key is given. */
  #chosen(keys: readonly ServiceKey[]): Iterable<Installed> {
    return keys.length === 0 ? this.#services.all() : keys.flatMap((key) => this.#services.get(key) ?? [])
  }

  #countersOf({ id, entry, slots }: Installed, raw: RawTraffic): ServiceCounters {
    return {
      key: entry.service,
      traffic: this.#traffic.shownOfService(id, this.#sum(entry.service, raw)),
      servers: slots.map((slot) => ({
        rip: slot.server.rip,
        rport: slot.server.rport,
        ...this.#servers.counts(slot),
        traffic: this.#traffic.shownOfServer(slot.index, raw(slot.index)),
      })),
    }
  }

  zero(key?: ServiceKey): void {
    const raw = this.#traffic.raw()
    for (const { id, entry, slots } of this.#chosen(key ? [key] : [])) {
      this.#traffic.zeroService(id, this.#sum(entry.service, raw))
      for (const { index } of slots) this.#traffic.zeroServer(index, raw(index))
    }
  }

  /** Of all servers of a service, those removed too. */
  #sum(service: ServiceKey, raw: RawTraffic): Traffic {
    let sum = noTraffic
    for (const { index } of this.#servers.of(service)) sum = addTraffic(sum, raw(index))
    return sum
  }

  departed(): Traffic {
    return this.#traffic.departed()
  }

  setDeparted(traffic: Traffic): void {
    this.#traffic.setDeparted(traffic)
  }

  stats(): DataplaneStats {
    return {
      verdicts: this.#verdicts(),
      connections: { ...this.#tableStats(), ...this.#occupancy() },
      interfaces: this.#interfaces.list(),
    }
  }

  #verdicts(): ReadonlyMap<string, number> {
    const packets = this.#verdictCounters.packets()
    return new Map(verdictNames.map((name, verdict) => [name.toLowerCase(), packets[verdict] ?? 0]))
  }

  #tableStats(): { evicted: number; expired: number } {
    const { values } = this.#maps.tableStats.lookupAll()
    let [evicted, expired] = [0n, 0n]
    for (let cpu = 0; cpu < values.length / tableStatsLayout.size; cpu++) {
      const stats = fromBytes(tableStatsLayout, values, cpu)
      evicted += stats.evicted
      expired += stats.expired
    }
    return { evicted: Number(evicted), expired: Number(expired) }
  }

  #occupancy(): Omit<DataplaneStats['connections'], 'evicted' | 'expired'> {
    const { nearlyFull, limit } = this.#settings.share()
    const { inUse, assured } = this.#connCounts.read()
    let largest: ServiceShare | undefined
    for (const share of this.#servers.shares()) if (share.assured > (largest?.assured ?? 0)) largest = share
    return {
      inUse,
      assured,
      capacity: this.tableSize,
      nearlyFull: assured >= nearlyFull,
      ...(limit !== undefined && { shareLimit: limit }),
      ...(largest && { largest }),
    }
  }

  async *connections(): AsyncIterable<Connection> {
    yield* this.#connections.connections((slot) => this.#servers.at(slot)?.server)
  }

  setServiceShare(percent: number): void {
    this.#serviceShare = percent
    this.#limitShares()
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#settings.setTimeouts(timeouts)
  }

  timeouts(): Timeouts {
    return this.#settings.timeouts()
  }

  /** Tables are in force when they are written. */
  settled(): Promise<void> {
    return Promise.resolve()
  }

  collect(): void {
    this.#settings.keepOwnMacs(this.#nowTicks())
    for (const slot of [...this.#servers.unused()]) this.#letGo(slot)
    this.#nextHops.collect()
    this.#interfaces.upkeep()
  }

  async close(): Promise<void> {
    await this.#close()
  }

  /**
   * Gives a slot back, and its traffic to its service. That the traffic counts with the service and
   * no longer with the slot are two writes in two maps, and a crash may fall between them. So what
   * the service's base will be is written down first, then marked as final: before the mark nothing
   * has happened; after it the next start writes the same base again and frees the slot.
   */
  #letGo(slot: Slot): void {
    const installed = this.#services.get(slot.service)
    if (installed) {
      if (!slot.folded) {
        this.#traffic.prepareFold(installed.id, slot.index)
        this.#servers.markFolded(slot)
      }
      this.#traffic.fold(installed.id, slot.index)
    }
    this.#servers.free(slot)
  }
}
