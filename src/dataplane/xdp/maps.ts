import type { BpfMap, BpfObject } from '../../bpf/index.js'
import { maps as specs } from '../tables/layout.gen.js'

/** All maps of director.bpf.c, by their names in layout.gen.ts. */
export type BpfMaps = Readonly<Record<keyof typeof specs, BpfMap>>

/** The maps of a director that is loaded. */
export function mapsOf(object: BpfObject): BpfMaps {
  const all = Object.entries(specs).map(([key, { name }]) => [key, object.map(name)])
  return Object.fromEntries(all) as Record<keyof typeof specs, BpfMap>
}
