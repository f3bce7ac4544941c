import { addTraffic, noTraffic, type Traffic } from '../../core/traffic.js'
import { type ServerLaneStruct, serverLaneLayout, trafficLayout } from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import type { TableMap } from './table-map.js'
import { countCodec, trafficCodec } from './traffic-codec.js'

const { offsets } = serverLaneLayout
const packetsOffset = offsets.traffic + trafficLayout.offsets.packets

/** Real servers as packets see them, on each CPU: what they have to know, and what they count. */
export class ServerLanes {
  readonly #lanes: MappedArray<ServerLaneStruct>
  readonly #cpus: number
  /** Servers of one CPU. */
  readonly #servers: number
  #sums = new Float64Array(0)

  constructor(map: TableMap) {
    this.#lanes = new MappedArray(map, serverLaneLayout)
    this.#cpus = map.info.maxEntries
    this.#servers = this.#lanes.capacity / this.#cpus
  }

  /** @param nextHop index into next_hops. */
  setNextHop(server: number, nextHop: number): void {
    for (let cpu = 0; cpu < this.#cpus; cpu++) this.#lanes.publish(this.#lane(cpu, server), offsets.nextHop, nextHop)
  }

  /** Whether packets are sent to it; each CPU's from when it is told. */
  setAvailable(server: number, available: boolean): void {
    const value = available ? 1 : 0
    for (let cpu = 0; cpu < this.#cpus; cpu++) this.#lanes.publish(this.#lane(cpu, server), offsets.available, value)
  }

  /** What all CPUs have counted, as it stands. */
  traffic(server: number): Traffic {
    let sum = noTraffic
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      sum = addTraffic(sum, this.#lanes.getField(this.#lane(cpu, server), offsets.traffic, trafficCodec))
    }
    return sum
  }

  /**
   * inPackets of {@link traffic} of the servers before `end`, until the next call. While it stays the same, so does the
   * rest: packets count themselves last. CPU by CPU, since a CPU's lanes are neighbours.
   */
  packets(end: number): Float64Array {
    if (this.#sums.length < end) this.#sums = new Float64Array(end)
    const sums = this.#sums.fill(0)
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      for (let server = 0; server < end; server++) {
        sums[server] = (sums[server] ?? 0) + this.#packets(cpu, server)
      }
    }
    return sums
  }

  /** Counters at 0, while no packet counts there. */
  clear(server: number): void {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      if (this.#packets(cpu, server) === 0) continue
      this.#lanes.setField(this.#lane(cpu, server), offsets.traffic, trafficCodec, noTraffic)
    }
  }

  #packets(cpu: number, server: number): number {
    return this.#lanes.getField(this.#lane(cpu, server), packetsOffset, countCodec)
  }

  #lane(cpu: number, server: number): number {
    return cpu * this.#servers + server
  }
}
