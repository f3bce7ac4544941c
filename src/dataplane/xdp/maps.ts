import { type BpfMap, type BpfObject, cpuNumbers } from '../../bpf/index.js'
import { maps as specs } from '../tables/layout.gen.js'

/** The tables of director.bpf.c, by their names in layout.gen.ts. */
export type BpfMaps = Readonly<Record<keyof typeof specs, BpfMap>>

/** Those that outlive the programs that made them. In `scratch` is one packet, while it is decided. */
export const pinnedMaps = Object.values(specs).filter(({ name }) => name !== specs.scratch.name)

/** The map of the programs of the stages (bpf/stages.h). The kernel empties it when its last descriptor or pin goes. */
export const stagesName = 'stages'

/** Of a director that is not loaded yet; a map that is reused after this has the size that it has. @param sets of the connection table, a power of two. */
export function sizeMaps(object: BpfObject, sets: number): void {
  object.setMaxEntries(specs.conns.name, sets)
  object.setMaxEntries(specs.serverLanes.name, cpuNumbers())
}

/** The maps of a director that is loaded. */
export function mapsOf(object: BpfObject): BpfMaps {
  const all = Object.entries(specs).map(([key, { name }]) => [key, object.map(name)])
  return Object.fromEntries(all) as Record<keyof typeof specs, BpfMap>
}
