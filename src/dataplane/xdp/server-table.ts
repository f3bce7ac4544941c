import type { BpfMap } from '../../bpf/index.js'
import { addressFromNumber } from '../../core/address.js'
import type { Clock } from '../../core/clock.js'
import { type RealServer, type ServerKey, serverKeyText } from '../../core/real-server.js'
import { type ServiceKey, serviceKeyText } from '../../core/virtual-service.js'
import {
  type RealServerStruct,
  realServerLayout,
  type ServerCountsStruct,
  serverCountsLayout,
  serverFlag,
} from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import type { NextHopTable } from './next-hop-table.js'
import { IndexPool } from './pools.js'
import { serverFromStruct, serverToStruct, serviceKeyFromStruct, serviceKeyToStruct } from './service-codec.js'
import type { TrafficTable } from './traffic-table.js'

/** How long a removed server keeps its slot at least: packets that read the old plan may still pick it. */
const removalRestMs = 1000

/** A real server in its slot of real_servers. */
export interface Slot {
  readonly index: number
  readonly service: ServiceKey
  server: RealServer
  /** Rises with every addition. */
  order: number
  /** False for a removed server whose connections keep the slot. */
  available: boolean
  removedAtMs: number
}

export interface ServerMaps {
  readonly realServers: BpfMap
  readonly serverCounts: BpfMap
}

/** The real servers of all services, those removed but still named by connections included. */
export class ServerTable {
  readonly #array: MappedArray<RealServerStruct>
  readonly #counts: MappedArray<ServerCountsStruct>
  readonly #pool: IndexPool
  readonly #byService = new Map<string, Map<string, Slot>>()
  #lastOrder = 0

  constructor(
    maps: ServerMaps,
    readonly nextHops: NextHopTable,
    readonly traffic: TrafficTable,
    readonly clock: Clock,
  ) {
    this.#array = new MappedArray(maps.realServers, realServerLayout)
    this.#counts = new MappedArray(maps.serverCounts, serverCountsLayout)
    this.#pool = new IndexPool('real servers', this.#array.capacity, clock)
    this.#adopt()
  }

  /** One past the highest slot ever used. */
  get end(): number {
    return this.#pool.end
  }

  #adopt(): void {
    const slots: Slot[] = []
    for (let index = 0; index < this.#array.capacity; index++) {
      const struct = this.#array.get(index)
      if (!(struct.flags & serverFlag.PRESENT)) continue
      const available = (struct.flags & serverFlag.AVAILABLE) !== 0
      const service = serviceKeyFromStruct(struct.service)
      const slot = {
        index,
        service,
        server: serverFromStruct(struct),
        order: struct.order,
        available,
        removedAtMs: this.clock.nowMs(),
      }
      slots.push(slot)
      this.#insert(slot)
      this.nextHops.adoptUse(addressFromNumber(struct.rip), struct.nextHop)
      this.#lastOrder = Math.max(this.#lastOrder, struct.order)
    }
    this.#pool.adopt(slots.map(({ index }) => index))
  }

  /** Slots of a service, removed ones too. */
  of(service: ServiceKey): Iterable<Slot> {
    return this.#byService.get(serviceKeyText(service))?.values() ?? []
  }

  find(service: ServiceKey, server: ServerKey): Slot | undefined {
    return this.#byService.get(serviceKeyText(service))?.get(serverKeyText(server))
  }

  /** All slots. */
  *slots(): Iterable<Slot> {
    for (const slots of this.#byService.values()) yield* slots.values()
  }

  /**
   * A fresh slot, not yet visible to packets. @throws DirectorError NO_SPACE.
   */
  allocate(service: ServiceKey, server: RealServer): Slot {
    const nextHop = this.nextHops.use(server.rip)
    try {
      const index = this.#pool.allocate()
      this.traffic.resetServer(index)
      this.#counts.set(index, { active: 0, inactive: 0 })
      const slot = { index, service, server, order: 0, available: false, removedAtMs: this.clock.nowMs() }
      this.#array.set(index, {
        ...serverToStruct(server),
        flags: serverFlag.PRESENT,
        nextHop,
        order: 0,
        service: serviceKeyToStruct(service),
      })
      this.#insert(slot)
      return slot
    } catch (error) {
      this.nextHops.drop(server.rip)
      throw error
    }
  }

  /** Writes what the operator states; from now on packets are sent to it. */
  install(slot: Slot, server: RealServer, order: number): void {
    const { forward, weight } = serverToStruct(server)
    slot.server = server
    slot.order = order
    slot.available = true
    this.#lastOrder = Math.max(this.#lastOrder, order)
    this.#array.publish(slot.index, realServerLayout.offsets.weight, weight)
    this.#array.publish(slot.index, realServerLayout.offsets.order, order)
    this.#array.setByte(slot.index, realServerLayout.offsets.forward, forward)
    this.#array.setByte(slot.index, realServerLayout.offsets.flags, serverFlag.PRESENT | serverFlag.AVAILABLE)
  }

  /** An order higher than any. */
  nextOrder(): number {
    return this.#lastOrder + 1
  }

  /** Packets of its connections are dropped from now on. */
  remove(slot: Slot): void {
    slot.available = false
    slot.removedAtMs = this.clock.nowMs()
    this.#array.setByte(slot.index, realServerLayout.offsets.flags, serverFlag.PRESENT)
  }

  /** Gives a slot back at once: one that no packet can have seen, or that collect() found unused. */
  free(slot: Slot): void {
    const slots = this.#byService.get(serviceKeyText(slot.service))
    slots?.delete(serverKeyText(slot.server))
    if (slots?.size === 0) this.#byService.delete(serviceKeyText(slot.service))
    this.#array.setByte(slot.index, realServerLayout.offsets.flags, 0)
    this.nextHops.drop(slot.server.rip)
    this.#pool.release(slot.index)
  }

  counts(slot: Slot): ServerCountsStruct {
    return this.#counts.get(slot.index)
  }

  /** Removed servers that no connection names any more. */
  *unused(): Iterable<Slot> {
    const before = this.clock.nowMs() - removalRestMs
    for (const slot of this.slots()) {
      if (slot.available || slot.removedAtMs > before) continue
      const { active, inactive } = this.counts(slot)
      if (active + inactive === 0) yield slot
    }
  }

  #insert(slot: Slot): void {
    const service = serviceKeyText(slot.service)
    const slots = this.#byService.get(service)
    if (slots) slots.set(serverKeyText(slot.server), slot)
    else this.#byService.set(service, new Map([[serverKeyText(slot.server), slot]]))
  }
}
