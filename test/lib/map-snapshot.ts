import type { BpfMap } from '../../src/bpf/index.js'

/** linux/bpf.h */
const BPF_MAP_TYPE_HASH = 1
const BPF_F_MMAPABLE = 1024

/** What maps held at a moment, to be put back as often as a test likes. */
export class MapSnapshot {
  readonly #restore: readonly (() => void)[]

  constructor(maps: Iterable<BpfMap>) {
    this.#restore = Array.from(maps, (map) => (map.info.flags & BPF_F_MMAPABLE ? memoryOf(map) : entriesOf(map)))
  }

  restore(): void {
    for (const restore of this.#restore) restore()
  }
}

/** @returns what puts it back. */
function memoryOf(map: BpfMap): () => void {
  const memory = new Uint8Array(map.view().buffer)
  const before = Buffer.from(memory)
  return () => {
    if (!before.equals(memory)) memory.set(before)
  }
}

/** @returns what puts them back. */
function entriesOf(map: BpfMap): () => void {
  const { count, keys, values } = map.lookupAll()
  const { keySize, valueBytes, type } = map.info
  return () => {
    const now = map.lookupAll()
    if (now.keys.equals(keys) && now.values.equals(values)) return
    if (type === BPF_MAP_TYPE_HASH) for (const key of map.keys()) map.delete(key)
    for (let i = 0; i < count; i++) {
      const value = values.subarray(i * valueBytes, (i + 1) * valueBytes)
      map.update(keys.subarray(i * keySize, (i + 1) * keySize), value)
    }
  }
}
