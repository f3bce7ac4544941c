import { isSameServer, type RealServer, serverKeyText } from '../../core/real-server.js'
import { type ServiceKey, serviceKeyText } from '../../core/virtual-service.js'
import type { ServiceEntry } from '../dataplane.js'
import { serviceKeyLayout, serviceLayout } from './layout.gen.js'
import { fromBytes, toBytes } from './layout-fields.js'
import { type PlanMaps, PlanTable } from './plan-table.js'
import { IndexPool, type PacketClock } from './pools.js'
import type { ServerTable, Slot } from './server-table.js'
import { serviceKeyFromStruct, serviceKeyToStruct } from './service-codec.js'
import type { TableMap } from './table-map.js'
import { VipTable } from './vip-table.js'

/** A service in the kernel. */
export interface Installed {
  readonly id: number
  readonly plan: number
  readonly entry: ServiceEntry
  /** In the order of entry.servers. */
  readonly slots: readonly Slot[]
}

/** A change that can fail. */
interface Attempt {
  /** What takes its steps back, in their order. */
  readonly undo: (() => void)[]
  /** Packets may have read what it has made: that must rest before it is used again. */
  isSeen: boolean
}

export interface ServiceMaps extends PlanMaps {
  readonly services: TableMap
  readonly vips: TableMap
}

/** The virtual services, each with its plan and the servers in its list. */
export class ServiceTable {
  readonly #services: TableMap
  readonly #vips: VipTable
  readonly #ids: IndexPool
  readonly #installed = new Map<string, Installed>()
  readonly plans: PlanTable

  constructor(
    maps: ServiceMaps,
    readonly servers: ServerTable,
    clock: PacketClock,
  ) {
    this.#services = maps.services
    this.#ids = new IndexPool('services', maps.services.info.maxEntries, clock)
    const { count, keys, values } = maps.services.lookupAll()
    const found = Array.from({ length: count }, (_, i) => ({
      key: serviceKeyFromStruct(fromBytes(serviceKeyLayout, keys, i)),
      service: fromBytes(serviceLayout, values, i),
    }))
    this.#ids.adopt(found.map(({ service }) => service.id))
    this.plans = new PlanTable(
      maps,
      clock,
      found.map(({ service }) => service.plan),
    )
    for (const { key, service } of found) {
      const slots = [...servers.of(key)].filter(({ available }) => available).sort((a, b) => b.order - a.order)
      const listed = slots.map(({ server }) => server)
      const plan = this.plans.read(service.plan, (slot) => slots.findIndex(({ index }) => index === slot))
      // The list may be ahead of the plan, or a way of both, after a crash.
      this.plans.setUnresolved(service.plan, this.#unresolved(listed))
      const entry = { service: { ...key, scheduler: service.scheduler }, servers: listed, plan }
      this.#installed.set(serviceKeyText(key), { id: service.id, plan: service.plan, entry, slots })
    }
    this.#vips = new VipTable(
      maps.vips,
      found.map(({ key }) => key.vip),
    )
    // Of a service that a crash left half made or half removed.
    for (const slot of servers.slots()) if (slot.available && !this.get(slot.service)) servers.remove(slot)
  }

  get(key: ServiceKey): Installed | undefined {
    return this.#installed.get(serviceKeyText(key))
  }

  all(): Iterable<Installed> {
    return this.#installed.values()
  }

  get size(): number {
    return this.#installed.size
  }

  /**
   * All or nothing, for packets, for a caller that gets an error, and for whoever starts after a
   * crash. The entry in `services` is the flip. What it leads to is complete before it: bases,
   * plan, servers that can be sent to. What it no longer leads to is given up after it.
   */
  set(entry: ServiceEntry): void {
    const { service, servers } = entry
    const before = this.get(service)
    const attempt: Attempt = { undo: [], isSeen: false }
    const { undo } = attempt
    try {
      const id = before?.id ?? this.#begin(service, attempt)
      const slots = this.#slotsFor(service, servers, attempt)
      const plan = this.plans.write(entry.plan, (server) => slotAt(slots, server).index, this.#unresolved(servers))
      undo.push(() => this.plans.release(plan, attempt.isSeen))
      this.#list(slots, servers, undo)
      const key = toBytes(serviceKeyLayout, serviceKeyToStruct(service))
      this.#services.update(key, toBytes(serviceLayout, { id, plan, scheduler: service.scheduler }))
      attempt.isSeen = true
      if (!before) {
        undo.push(() => this.#services.delete(key))
        this.#vips.add(service.vip)
      }
      const listed = new Set(slots)
      for (const slot of before?.slots ?? []) if (!listed.has(slot)) this.servers.remove(slot)
      if (before) this.plans.release(before.plan)
      this.#installed.set(serviceKeyText(service), { id, plan, entry, slots })
    } catch (error) {
      for (const step of undo.reverse()) step()
      throw error
    }
  }

  /**
   * Packets pass it by from now on; its connections stay until they time out. After a crash its
   * entry in `services` alone says whether it was removed: servers without a service are taken off
   * at the next start.
   */
  remove(key: ServiceKey): void {
    const installed = this.get(key)
    if (!installed) return
    this.#vips.drop(key.vip)
    try {
      this.#services.delete(toBytes(serviceKeyLayout, serviceKeyToStruct(key)))
    } catch (error) {
      this.#vips.add(key.vip)
      throw error
    }
    for (const slot of installed.slots) this.servers.remove(slot)
    this.plans.release(installed.plan)
    this.#ids.release(installed.id)
    this.#installed.delete(serviceKeyText(key))
  }

  /** An id for a new service, with counters at 0. */
  #begin(service: ServiceKey, attempt: Attempt): number {
    const id = this.#ids.allocate()
    attempt.undo.push(() => this.#ids.release(id, attempt.isSeen))
    const returning = Array.from(this.servers.of(service), ({ index }) => index)
    this.servers.traffic.resetService(id, returning)
    return id
  }

  /** The slots that servers of a service have already, or else new ones. */
  #slotsFor(service: ServiceKey, servers: readonly RealServer[], attempt: Attempt): Slot[] {
    const present = this.get(service)?.slots ?? []
    let next = 0
    let all: ReadonlyMap<string, Slot> | undefined
    return servers.map((server) => {
      // Mostly the list is the one before but for one server: no search for each.
      const listed = present[next]
      if (listed && isSameServer(listed.server, server)) {
        next++
        return listed
      }
      all ??= new Map(this.servers.of(service).map((slot) => [serverKeyText(slot.server), slot]))
      const slot = all.get(serverKeyText(server))
      if (slot) {
        if (slot.available) next = present.indexOf(slot) + 1
        return slot
      }
      const created = this.servers.allocate(service, server)
      attempt.undo.push(() => this.servers.free(created, attempt.isSeen))
      return created
    })
  }

  #unresolved(servers: readonly RealServer[]): number {
    return servers.filter(({ rip, weight }) => weight > 0 && this.servers.nextHops.get(rip) === 'unresolved').length
  }

  /** Newest first: orders fall along the list. A server keeps its order where that fits. */
  #list(slots: readonly Slot[], servers: readonly RealServer[], undo: (() => void)[]): void {
    let last = 0
    for (const [i, server] of [...servers.entries()].reverse()) {
      const slot = slotAt(slots, i)
      const { available, server: before, order } = slot
      undo.push(() => (available ? this.servers.install(slot, before, order) : this.servers.remove(slot)))
      last = available && order > last ? order : last + 1
      this.servers.install(slot, server, last)
    }
  }
}

function slotAt(slots: readonly Slot[], server: number): Slot {
  const slot = slots[server]
  if (!slot) throw new RangeError(`the plan names server ${server} of ${slots.length}`)
  return slot
}
