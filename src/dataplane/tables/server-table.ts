import type { RealServer } from '../../core/real-server.js'
import { type ServiceKey, serviceKeyText } from '../../core/virtual-service.js'
import type { ServiceShare } from '../dataplane.js'
import {
  type RealServerStruct,
  realServerLayout,
  type ServerCountsStruct,
  serverCountsLayout,
  serverFlag,
} from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import type { NextHopTable } from './next-hop-table.js'
import { IndexPool, type PacketClock } from './pools.js'
import type { ServerLanes } from './server-lanes.js'
import {
  isReadable,
  serverFromStruct,
  serverToStruct,
  serviceKeyFromStruct,
  serviceKeyToStruct,
} from './service-codec.js'
import { ServiceShares, type ShareMaps } from './service-shares.js'
import type { TableMap } from './table-map.js'
import type { TrafficTable } from './traffic-table.js'

/** How long a removed server keeps its slot at least: packets that read the old plan may still pick it. */
const removalRestMs = 1000

/**
 * How long a removed server without connections is remembered, in case it comes back: with its counters. IPVS looks once a
 * minute and forgets one that it has seen idle for two (ip_vs_dest_trash_expire()).
 */
const memoryMs = 150_000

/** A real server in its slot of real_servers. */
export interface Slot {
  readonly index: number
  readonly service: ServiceKey
  server: RealServer
  /** Rises along the list of its service, from the oldest server to the newest. */
  order: number
  /** False for a removed server whose connections keep the slot. */
  available: boolean
  /** Its traffic is its service's already, or is about to be: it is only to be freed. */
  folded: boolean
  /** Of a removed server: since when it has been seen to have no connections. */
  idleSinceMs?: number | undefined
}

export interface ServerMaps extends ShareMaps {
  readonly realServers: TableMap
  readonly serverCounts: TableMap
}

/** The real servers of all services, those removed but still named by connections included. */
export class ServerTable {
  readonly #array: MappedArray<RealServerStruct>
  readonly #counts: MappedArray<ServerCountsStruct>
  readonly #pool: IndexPool
  readonly #shares: ServiceShares
  readonly #byService = new Map<string, Slot[]>()
  readonly #byIndex: (Slot | undefined)[] = []

  constructor(
    maps: ServerMaps,
    readonly lanes: ServerLanes,
    readonly nextHops: NextHopTable,
    readonly traffic: TrafficTable,
    readonly clock: PacketClock,
  ) {
    this.#array = new MappedArray(maps.realServers, realServerLayout)
    this.#counts = new MappedArray(maps.serverCounts, serverCountsLayout)
    this.#pool = new IndexPool('real servers', this.#array.capacity, clock)
    this.#shares = new ServiceShares(maps, clock)
    this.#adopt()
  }

  /** One past the highest slot ever used. */
  get end(): number {
    return this.#pool.end
  }

  #adopt(): void {
    const used: number[] = []
    for (let index = 0; index < this.#array.capacity; index++) {
      const struct = this.#array.get(index)
      if (!(struct.flags & serverFlag.PRESENT)) continue
      if (!isReadable(struct)) {
        // Half written: no plan and no connection can name it.
        this.#setFlags(index, 0)
        continue
      }
      used.push(index)
      this.#adoptSlot(index, struct)
    }
    this.#pool.adopt(used)
    this.#shares.adopt(used)
  }

  #adoptSlot(index: number, struct: RealServerStruct): void {
    const server = serverFromStruct(struct)
    this.#insert({
      index,
      service: serviceKeyFromStruct(struct.service),
      server,
      order: struct.order,
      available: (struct.flags & serverFlag.AVAILABLE) !== 0,
      folded: (struct.flags & serverFlag.FOLDED) !== 0,
    })
    this.lanes.setNextHop(index, this.nextHops.use(server.rip))
    // Its CPUs may have been told one by one until the daemon died.
    this.lanes.setAvailable(index, (struct.flags & serverFlag.AVAILABLE) !== 0)
  }

  /** Slots of a service, removed ones too. */
  of(service: ServiceKey): readonly Slot[] {
    return this.#byService.get(serviceKeyText(service)) ?? []
  }

  /** The server in a slot, or undefined if it is free. */
  at(index: number): Slot | undefined {
    return this.#byIndex[index]
  }

  /** All slots. */
  *slots(): Iterable<Slot> {
    for (const slots of this.#byService.values()) yield* slots
  }

  /**
   * A fresh slot, not yet visible to packets. @throws DirectorError NO_SPACE.
   */
  allocate(service: ServiceKey, server: RealServer): Slot {
    const nextHop = this.nextHops.use(server.rip)
    const [sibling] = this.of(service)
    let index: number | undefined
    try {
      index = this.#pool.allocate()
      // The first use of a part of the maps maps it, which can fail.
      this.traffic.resetServer(index)
      this.lanes.setNextHop(index, nextHop)
      this.#shares.join(index, sibling?.index)
    } catch (error) {
      if (index !== undefined) this.#pool.release(index, false)
      this.nextHops.drop(server.rip, false)
      throw error
    }
    this.#counts.set(index, { active: 0, inactive: 0 })
    const stated = { ...serverToStruct(server), order: 0, service: serviceKeyToStruct(service) }
    this.#array.set(index, { ...stated, flags: 0 })
    // Last, since it makes the slot one.
    this.#setFlags(index, serverFlag.PRESENT)
    const slot = { index, service, server, order: 0, available: false, folded: false }
    this.#insert(slot)
    return slot
  }

  /** Writes what the operator states; from now on packets are sent to it. */
  install(slot: Slot, server: RealServer, order: number): void {
    const { forward, weight } = serverToStruct(server)
    const wasAvailable = slot.available
    slot.server = server
    slot.order = order
    slot.available = true
    this.#array.publish(slot.index, realServerLayout.offsets.weight, weight)
    this.#array.publish(slot.index, realServerLayout.offsets.order, order)
    this.#array.publishByte(slot.index, realServerLayout.offsets.forward, forward)
    this.#setFlags(slot.index, serverFlag.PRESENT | serverFlag.AVAILABLE)
    if (!wasAvailable) this.lanes.setAvailable(slot.index, true)
  }

  /** Packets of its connections are dropped from now on. */
  remove(slot: Slot): void {
    slot.available = false
    slot.idleSinceMs = undefined
    this.#setFlags(slot.index, serverFlag.PRESENT)
    this.lanes.setAvailable(slot.index, false)
  }

  /** States of a removed server that TrafficTable.prepareFold() has been called for it. */
  markFolded(slot: Slot): void {
    slot.folded = true
    this.#setFlags(slot.index, serverFlag.PRESENT | serverFlag.FOLDED)
  }

  /** Gives a slot back. @param wasSeen false: no packet can have seen it. */
  free(slot: Slot, wasSeen = true): void {
    const service = serviceKeyText(slot.service)
    const slots = this.#byService.get(service) ?? []
    // Mostly it is one of the newest.
    slots.splice(slots.lastIndexOf(slot), 1)
    if (slots.length === 0) {
      this.#byService.delete(service)
      this.#shares.leave(slot.index, wasSeen)
    }
    this.#byIndex[slot.index] = undefined
    this.#setFlags(slot.index, 0)
    this.nextHops.drop(slot.server.rip, wasSeen)
    this.#pool.release(slot.index, wasSeen)
  }

  counts(slot: Slot): ServerCountsStruct {
    return this.#counts.get(slot.index)
  }

  /** Services, removed ones too, each with its assured connections. */
  *shares(): Iterable<ServiceShare> {
    for (const [slot] of this.#byService.values()) {
      if (!slot) continue
      const { protocol, vip, vport } = slot.service
      yield { service: { protocol, vip, vport }, assured: this.#shares.assured(slot.index) }
    }
  }

  /** Removed servers that no connection has named for long; while slots are scarce, for a moment. */
  *unused(): Iterable<Slot> {
    const now = this.clock.nowMs()
    const restMs = this.#pool.used > this.#pool.capacity / 2 ? removalRestMs : memoryMs
    for (const slot of this.slots()) {
      if (slot.available) continue
      const { active, inactive } = this.counts(slot)
      if (active + inactive > 0) slot.idleSinceMs = undefined
      else slot.idleSinceMs ??= now
      if (slot.idleSinceMs !== undefined && now - slot.idleSinceMs >= restMs) yield slot
    }
  }

  #setFlags(index: number, flags: number): void {
    this.#array.publishByte(index, realServerLayout.offsets.flags, flags)
  }

  #insert(slot: Slot): void {
    this.#byIndex[slot.index] = slot
    const service = serviceKeyText(slot.service)
    const slots = this.#byService.get(service)
    if (slots) slots.push(slot)
    else this.#byService.set(service, [slot])
  }
}
