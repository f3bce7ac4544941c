import type { BpfMap } from '../../src/bpf/index.js'

/** What maps held at a moment, to be put back as often as a test likes. */
export class MapSnapshot {
  readonly #contents

  constructor(maps: Iterable<BpfMap>) {
    this.#contents = Array.from(maps, (map) => ({ map, ...map.lookupAll() }))
  }

  restore(): void {
    for (const { map, count, keys, values } of this.#contents) {
      const { keySize, valueBytes, type } = map.info
      const now = map.lookupAll()
      if (now.keys.equals(keys) && now.values.equals(values)) continue
      if (type === BPF_MAP_TYPE_HASH) for (const key of map.keys()) map.delete(key)
      for (let i = 0; i < count; i++) {
        const value = values.subarray(i * valueBytes, (i + 1) * valueBytes)
        map.update(keys.subarray(i * keySize, (i + 1) * keySize), value)
      }
    }
  }
}

/** linux/bpf.h */
const BPF_MAP_TYPE_HASH = 1
