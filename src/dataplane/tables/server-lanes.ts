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

  /** inPackets of {@link traffic}, without garbage. While it stays the same, so does the rest. */
  packets(server: number): number {
    let sum = 0
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      sum += this.#lanes.getField(this.#lane(cpu, server), packetsOffset, countCodec)
    }
    return sum
  }

  /** Counters at 0, while no packet counts there. */
  clear(server: number): void {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      this.#lanes.setField(this.#lane(cpu, server), offsets.traffic, trafficCodec, noTraffic)
    }
  }

  #lane(cpu: number, server: number): number {
    return cpu * this.#servers + server
  }
}
