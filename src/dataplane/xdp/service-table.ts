import type { BpfMap } from '../../bpf/index.js'
import { type Address, addressToNumber } from '../../core/address.js'
import type { Clock } from '../../core/clock.js'
import type { RealServer } from '../../core/real-server.js'
import { type ServiceKey, serviceKeyText } from '../../core/virtual-service.js'
import type { ServiceEntry } from '../dataplane.js'
import { serviceKeyLayout, serviceLayout } from './layout.gen.js'
import { fromBytes, toBytes } from './layout-fields.js'
import { type PlanMaps, PlanTable } from './plan-table.js'
import { IndexPool } from './pools.js'
import type { ServerTable, Slot } from './server-table.js'
import { serviceKeyFromStruct, serviceKeyToStruct } from './service-codec.js'

/** A service in the kernel. */
export interface Installed {
  readonly id: number
  readonly plan: number
  readonly entry: ServiceEntry
  /** In the order of entry.servers. */
  readonly slots: readonly Slot[]
}

export interface ServiceMaps extends PlanMaps {
  readonly services: BpfMap
  readonly vips: BpfMap
}

/** The virtual services, each with its plan and the servers in its list. */
export class ServiceTable {
  readonly #services: BpfMap
  readonly #vips: BpfMap
  readonly #ids: IndexPool
  readonly #installed = new Map<string, Installed>()
  readonly #vipUsers = new Map<Address, number>()
  readonly plans: PlanTable

  constructor(
    maps: ServiceMaps,
    readonly servers: ServerTable,
    clock: Clock,
  ) {
    this.#services = maps.services
    this.#vips = maps.vips
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
      const plan = this.plans.read(service.plan, (slot) => slots.findIndex(({ index }) => index === slot))
      const entry = {
        service: { ...key, scheduler: service.scheduler },
        servers: slots.map(({ server }) => server),
        plan,
      }
      this.#installed.set(serviceKeyText(key), { id: service.id, plan: service.plan, entry, slots })
      this.#vipUsers.set(key.vip, (this.#vipUsers.get(key.vip) ?? 0) + 1)
    }
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
   * Everything that can fail is done before anything that packets see.
   * @returns the service, and whether it is new.
   */
  set(entry: ServiceEntry): { installed: Installed; created: boolean } {
    const { service, servers } = entry
    const before = this.get(service)
    const fresh: Slot[] = []
    let id: number | undefined
    let plan: number | undefined
    try {
      const slots = servers.map((server) => this.#slotFor(service, server, fresh))
      const index = this.plans.write(entry.plan, (server) => slotAt(slots, server).index, this.#unresolved(servers))
      plan = index
      id = before?.id ?? this.#ids.allocate()
      this.#list(slots, servers)
      this.#write(service, { id, plan: index, scheduler: service.scheduler })
      if (!before) this.#addVip(service.vip)
      for (const slot of before?.slots ?? []) if (!slots.includes(slot)) this.servers.remove(slot)
      if (before) this.plans.release(before.plan)
      const installed = { id, plan: index, entry, slots }
      this.#installed.set(serviceKeyText(service), installed)
      return { installed, created: before === undefined }
    } catch (error) {
      if (plan !== undefined) this.plans.release(plan)
      if (id !== undefined && !before) this.#ids.release(id)
      for (const slot of fresh) this.servers.free(slot)
      throw error
    }
  }

  /** Packets pass it by from now on; its connections stay until they time out. */
  remove(key: ServiceKey): void {
    const installed = this.get(key)
    if (!installed) return
    this.#services.delete(toBytes(serviceKeyLayout, serviceKeyToStruct(key)))
    this.#dropVip(key.vip)
    for (const slot of installed.slots) this.servers.remove(slot)
    this.plans.release(installed.plan)
    this.#ids.release(installed.id)
    this.#installed.delete(serviceKeyText(key))
  }

  #slotFor(service: ServiceKey, server: RealServer, fresh: Slot[]): Slot {
    const slot = this.servers.find(service, server)
    if (slot) return slot
    const created = this.servers.allocate(service, server)
    fresh.push(created)
    return created
  }

  #unresolved(servers: readonly RealServer[]): number {
    return servers.filter(({ rip, weight }) => weight > 0 && this.servers.nextHops.get(rip) === 'unresolved').length
  }

  /** Newest first: orders fall along the list. A server keeps its order where that fits. */
  #list(slots: readonly Slot[], servers: readonly RealServer[]): void {
    let last = 0
    for (const [i, server] of [...servers.entries()].reverse()) {
      const slot = slotAt(slots, i)
      last = slot.available && slot.order > last ? slot.order : this.servers.nextOrder()
      this.servers.install(slot, server, last)
    }
  }

  #write(key: ServiceKey, value: { id: number; plan: number; scheduler: string }): void {
    this.#services.update(toBytes(serviceKeyLayout, serviceKeyToStruct(key)), toBytes(serviceLayout, value))
  }

  #addVip(vip: Address): void {
    this.#countVip(vip, 1)
  }

  #dropVip(vip: Address): void {
    this.#countVip(vip, -1)
  }

  #countVip(vip: Address, change: number): void {
    const users = (this.#vipUsers.get(vip) ?? 0) + change
    const key = Buffer.alloc(4)
    key.writeUInt32BE(addressToNumber(vip))
    const value = Buffer.alloc(4)
    value.writeUInt32LE(users)
    if (users > 0) this.#vips.update(key, value)
    else this.#vips.delete(key)
    if (users > 0) this.#vipUsers.set(vip, users)
    else this.#vipUsers.delete(vip)
  }
}

function slotAt(slots: readonly Slot[], server: number): Slot {
  const slot = slots[server]
  if (!slot) throw new RangeError(`the plan names server ${server} of ${slots.length}`)
  return slot
}
