import { type ConnCountsStruct, connCountsLayout } from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import type { TableMap } from './table-map.js'

/** How many connections there are, as packets count them. */
export class ConnCounts {
  readonly #counts: MappedArray<ConnCountsStruct>

  constructor(map: TableMap) {
    this.#counts = new MappedArray(map, connCountsLayout)
  }

  /** All that have a slot, and those of them that give way to no others. */
  read(): { readonly inUse: number; readonly assured: number } {
    let [inUse, assured] = [0, 0]
    for (let i = 0; i < this.#counts.capacity; i++) {
      const counts = this.#counts.get(i)
      inUse = (inUse + counts.all) >>> 0
      assured = (assured + counts.assured) >>> 0
    }
    return { inUse, assured }
  }
}
