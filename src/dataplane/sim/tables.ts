import { configLayout, maps } from '../tables/layout.gen.js'
import type { DirectorMaps } from '../tables/table-dataplane.js'
import { type MemoryMap, memoryMap } from './memory-map.js'

export type MemoryMaps = Readonly<Record<keyof typeof maps, MemoryMap>>

/** The maps of a director in memory. @param sets of the connection table, a power of two. */
export function memoryMaps(sets: number): MemoryMaps {
  const entries = Object.entries(maps).map(([key, spec]) => [key, memoryMap(spec, key === 'conns' ? sets : undefined)])
  return Object.fromEntries(entries) as Record<keyof typeof maps, MemoryMap>
}

/** The same maps as packets see them: memory, read in place. Offsets are those of layout.gen.ts. */
export class Tables {
  readonly config: DataView
  readonly conns: DataView
  readonly nextHops: DataView
  readonly planEntries: DataView
  readonly planSegments: DataView
  readonly plans: DataView
  readonly realServers: DataView
  readonly serverCounts: DataView
  readonly serverLanes: DataView
  readonly tableStats: DataView
  readonly verdicts: DataView
  readonly services: DirectorMaps['services']
  readonly vips: DirectorMaps['vips']

  constructor(all: DirectorMaps) {
    this.config = all.config.view()
    this.conns = all.conns.view()
    this.nextHops = all.nextHops.view()
    this.planEntries = all.planEntries.view()
    this.planSegments = all.planSegments.view()
    this.plans = all.plans.view()
    this.realServers = all.realServers.view()
    this.serverCounts = all.serverCounts.view()
    this.serverLanes = all.serverLanes.view()
    this.tableStats = all.tableStats.view()
    this.verdicts = all.verdicts.view()
    this.services = all.services
    this.vips = all.vips
  }

  get setMask(): number {
    return this.config.getUint32(configLayout.offsets.setMask, true)
  }

  /** hash_seed as words, low before high. */
  get hashSeed(): readonly [number, number, number, number] {
    const word = (i: number) => this.config.getUint32(configLayout.offsets.hashSeed + 4 * i, true)
    return [word(0), word(1), word(2), word(3)]
  }

  /** In ticks. @param state enum conn_state. */
  timeout(state: number): number {
    return this.config.getUint32(configLayout.offsets.timeoutTicks + 4 * state, true)
  }
}
