import type { MapEntries } from '../../bpf/index.js'
import { addTraffic, noTraffic, type Traffic } from '../../core/traffic.js'
import { MappedArray } from './mapped-array.js'
import type { TableMap } from './table-map.js'
import { type TrafficBase, trafficBaseCodec, trafficCodec } from './traffic-codec.js'

const noBase: TrafficBase = { added: noTraffic, zero: noTraffic }

/** Slots whose counters are compared together. */
const chunkSlots = 4096

/** What the slot of a server has counted, as it stood when it was read. */
export type RawTraffic = (slot: number) => Traffic

export interface TrafficMaps {
  readonly serverTraffic: TableMap
  readonly serverBase: TableMap
  readonly serviceBase: TableMap
}

/**
 * Traffic as IPVS shows it, from counters that packets only ever add to: what a server's counters
 * held at the last -Z is kept and taken off; what a service's former servers had is kept and added.
 */
export class TrafficTable {
  readonly #traffic: TableMap
  readonly #servers: MappedArray<TrafficBase>
  readonly #services: MappedArray<TrafficBase>
  readonly #cpus: number
  /** The counters as {@link moved} has seen them, in chunks. */
  readonly #seen: MapEntries[] = []
  /** A chunk to be overwritten. */
  #spare: MapEntries | undefined

  constructor(maps: TrafficMaps) {
    this.#traffic = maps.serverTraffic
    this.#cpus = this.#traffic.info.valueBytes / trafficCodec.size
    this.#servers = new MappedArray(maps.serverBase, trafficBaseCodec)
    this.#services = new MappedArray(maps.serviceBase, trafficBaseCodec)
  }

  /** Counters of one slot, as they stand. One system call. */
  raw(slot: number): Traffic {
    return this.#sums(this.#traffic.readRange(slot, 1).values)(0)
  }

  /** Counters of some slots: with one system call for all where they lie close together, as those of new services do. */
  rawOf(slots: readonly number[]): RawTraffic {
    const first = slots.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
    const last = slots.reduce((a, b) => Math.max(a, b), 0)
    const areClose = slots.length > 0 && last - first < 4 * slots.length
    if (!areClose) {
      const each = new Map(slots.map((slot) => [slot, this.raw(slot)]))
      return (slot) => each.get(slot) ?? this.raw(slot)
    }
    const sums = this.#sums(this.#traffic.readRange(first, last - first + 1).values)
    return (slot) => sums(slot - first)
  }

  /** Counters of the slots before `end`, in few system calls. */
  rawOfAll(end: number): RawTraffic {
    return this.#sums(this.#traffic.readRange(0, end).values)
  }

  /** What the slots before `end` have counted since this was called last, of those that have. Idle ones cost no more than the look. */
  moved(end: number): ReadonlyMap<number, Traffic> {
    const size = this.#cpus * trafficCodec.size
    const moved = new Map<number, Traffic>()
    for (let chunk = 0; chunk * chunkSlots < end; chunk++) {
      const now = this.#traffic.readRange(chunk * chunkSlots, chunkSlots, this.#spare)
      // Slots that were not looked at yet have counted nothing.
      const before = this.#seen[chunk] ?? { ...now, values: Buffer.alloc(now.values.length) }
      const [sumNow, sumBefore] = [this.#sums(now.values), this.#sums(before.values)]
      for (const at of changedRecords(before.values, now.values, size)) {
        moved.set(chunk * chunkSlots + at, minus(sumNow(at), sumBefore(at)))
      }
      this.#seen[chunk] = now
      this.#spare = before
    }
    return moved
  }

  /** Adds up what the CPUs have counted for each slot. */
  #sums(values: Uint8Array): RawTraffic {
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength)
    const ofCpu = (at: number, cpu: number) => trafficCodec.decode(view, (at * this.#cpus + cpu) * trafficCodec.size)
    return (at) => {
      let sum = noTraffic
      for (let cpu = 0; cpu < this.#cpus; cpu++) sum = addTraffic(sum, ofCpu(at, cpu))
      return sum
    }
  }

  /** {@link moved} is to tell what comes on top of this. */
  #look(slot: number, values: Buffer): void {
    this.#seen[Math.floor(slot / chunkSlots)]?.values.set(values, (slot % chunkSlots) * values.length)
  }

  /** A slot gets a new server. */
  resetServer(slot: number): void {
    const key = Buffer.alloc(4)
    key.writeUInt32LE(slot)
    this.#traffic.update(key, Buffer.alloc(this.#traffic.info.valueBytes))
    // What its predecessor had counted is not to be taken off.
    this.#look(slot, Buffer.alloc(this.#traffic.info.valueBytes))
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
      const { values } = this.#traffic.readRange(slot, 1)
      const raw = this.#sums(values)(0)
      this.zeroServer(slot, raw)
      this.#look(slot, values)
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
    this.#servers.set(slot, { added: addTraffic(added, this.raw(slot)), zero })
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

/** Indexes of the records of `size` bytes that differ. */
function changedRecords(before: Buffer, after: Buffer, size: number): number[] {
  const changed: number[] = []
  for (let at = 0; at < after.length; at += size) {
    if (after.compare(before, at, at + size, at, at + size) !== 0) changed.push(at / size)
  }
  return changed
}

function minus(a: Traffic, b: Traffic): Traffic {
  return { conns: a.conns - b.conns, inPackets: a.inPackets - b.inPackets, inBytes: a.inBytes - b.inBytes }
}
