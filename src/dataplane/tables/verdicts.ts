import { type CpuVerdictsStruct, cpuVerdictsLayout, verdictNames } from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import type { TableMap } from './table-map.js'

/** What became of packets, counted by CPU. */
export class Verdicts {
  readonly #counters: MappedArray<CpuVerdictsStruct>
  readonly #cpus: number

  /** @param cpus numbers that CPUs can have; those beyond the counters share them. */
  constructor(map: TableMap, cpus: number) {
    this.#counters = new MappedArray(map, cpuVerdictsLayout)
    this.#cpus = Math.min(cpus, this.#counters.capacity)
  }

  /** Packets of all CPUs, by enum verdict. */
  packets(): number[] {
    const byCpu = Array.from({ length: this.#cpus }, (_, cpu) => this.packetsOf(cpu))
    return verdictNames.map((_, verdict) => byCpu.reduce((sum, packets) => sum + (packets[verdict] ?? 0), 0))
  }

  /** Packets of one CPU, by enum verdict. */
  packetsOf(cpu: number): number[] {
    return this.#counters.get(cpu).packets.map(Number)
  }
}
