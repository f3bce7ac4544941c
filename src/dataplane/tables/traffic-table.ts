import { addTraffic, noTraffic, type Traffic } from '../../core/traffic.js'
import { MappedArray } from './mapped-array.js'
import type { ServerLanes } from './server-lanes.js'
import type { TableMap } from './table-map.js'
import { type TrafficBase, trafficBaseCodec } from './traffic-codec.js'

const noBase: TrafficBase = { added: noTraffic, zero: noTraffic }

/** What the slot of a server has counted, as it stood when it was asked for first. */
export type RawTraffic = (slot: number) => Traffic

export interface TrafficMaps {
  readonly serverBase: TableMap
  readonly serviceBase: TableMap
}

/**
 * Traffic as IPVS shows it, from counters that packets only ever add to: what a server's counters
 * held at the last -Z is kept and taken off; what a service's former servers had is kept and added.
 */
export class TrafficTable {
  readonly #lanes: ServerLanes
  readonly #servers: MappedArray<TrafficBase>
  readonly #services: MappedArray<TrafficBase>
  /** By slot, the counters as {@link moved} has seen them. A slot that it has not come to yet has counted nothing. */
  readonly #seen: Traffic[] = []

  constructor(maps: TrafficMaps, lanes: ServerLanes) {
    this.#lanes = lanes
    this.#servers = new MappedArray(maps.serverBase, trafficBaseCodec)
    this.#services = new MappedArray(maps.serviceBase, trafficBaseCodec)
  }

  /** Counters of slots, each read once, so that a service's sum and its servers' figures agree. */
  raw(): RawTraffic {
    const read = new Map<number, Traffic>()
    return (slot) => {
      const traffic = read.get(slot) ?? this.#lanes.traffic(slot)
      read.set(slot, traffic)
      return traffic
    }
  }

  /** What the slots before `end` have counted since this was called last, of those that have. Idle ones cost no more than the look. */
  moved(end: number): ReadonlyMap<number, Traffic> {
    const moved = new Map<number, Traffic>()
    const packets = this.#lanes.packets(end)
    for (let slot = 0; slot < end; slot++) {
      const before = this.#seen[slot] ?? noTraffic
      if (packets[slot] === before.inPackets) continue
      const now = this.#lanes.traffic(slot)
      moved.set(slot, minus(now, before))
      this.#seen[slot] = now
    }
    return moved
  }

  /** A slot gets a new server. */
  resetServer(slot: number): void {
    this.#lanes.clear(slot)
    // What its predecessor had counted is not to be taken off.
    this.#seen[slot] = noTraffic
    this.#servers.set(slot, noBase)
  }

  /**
   * A service begins, and with it its servers: as __ip_vs_update_dest() has it, one that comes back
   * to a new service starts to count anew.
   * @param returning slots of the servers that an earlier service of the same key left.
   */
  resetService(id: number, returning: readonly number[]): void {
    let sum = noTraffic
    for (const slot of returning) {
      const raw = this.#lanes.traffic(slot)
      this.zeroServer(slot, raw)
      this.#seen[slot] = raw
      sum = addTraffic(sum, raw)
    }
    this.#services.set(id, { added: noTraffic, zero: sum })
  }

  zeroServer(slot: number, raw: Traffic): void {
    this.#servers.set(slot, { added: noTraffic, zero: raw })
  }

  zeroService(id: number, raw: Traffic): void {
    const { added } = this.#services.get(id)
    this.#services.set(id, { added, zero: addTraffic(raw, added) })
  }

  /** Notes in the base of a server that is gone for good what its service's will be with its traffic; nothing shown changes. */
  prepareFold(id: number, slot: number): void {
    const { added } = this.#services.get(id)
    const { zero } = this.#servers.get(slot)
    this.#servers.set(slot, { added: addTraffic(added, this.#lanes.traffic(slot)), zero })
  }

  /** Carries out what was prepared: from now on the service has the traffic, whoever else still does. A repeat changes nothing. */
  fold(id: number, slot: number): void {
    const { zero } = this.#services.get(id)
    const { added } = this.#servers.get(slot)
    this.#services.set(id, { added, zero })
  }

  /** Traffic that counts although its service does not: the map has one entry more than there are services. */
  departed(): Traffic {
    return this.#services.get(this.#services.capacity - 1).added
  }

  setDeparted(traffic: Traffic): void {
    this.#services.set(this.#services.capacity - 1, { added: traffic, zero: noTraffic })
  }

  shownOfServer(slot: number, raw: Traffic): Traffic {
    return minus(raw, this.#servers.get(slot).zero)
  }

  /** @param raw sum of its servers' counters, removed ones included. */
  shownOfService(id: number, raw: Traffic): Traffic {
    const { added, zero } = this.#services.get(id)
    return minus(addTraffic(raw, added), zero)
  }
}

function minus(a: Traffic, b: Traffic): Traffic {
  return { conns: a.conns - b.conns, inPackets: a.inPackets - b.inPackets, inBytes: a.inBytes - b.inBytes }
}
