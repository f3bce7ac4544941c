import type { maps } from '../tables/layout.gen.js'
import type { TableMap } from '../tables/table-map.js'

type MapSpec = (typeof maps)[keyof typeof maps]

/** Kinds of maps, enum bpf_map_type of linux/bpf.h. */
const hashType = 1

/** A map in memory of this process, which does what the kernel's do. */
export interface MemoryMap extends TableMap {
  /** Only an array has a view. */
  readonly kind: 'array' | 'hash'
}

/** Per-CPU maps have one CPU. */
export function memoryMap(spec: MapSpec, maxEntries: number = spec.maxEntries): MemoryMap {
  const { name, keySize, valueSize } = spec
  const info = { keySize, valueSize, maxEntries, valueBytes: Math.ceil(valueSize / 8) * 8 }
  return spec.type === hashType ? new MemoryHash(name, info) : new MemoryArray(name, info)
}

/** Values one behind the other, each rounded up to 8 bytes; the key is the index. */
class MemoryArray implements MemoryMap {
  readonly kind = 'array'
  readonly #memory: Buffer

  constructor(
    readonly name: string,
    readonly info: TableMap['info'],
  ) {
    this.#memory = Buffer.from(new ArrayBuffer(info.maxEntries * info.valueBytes))
  }

  lookup(key: Uint8Array): Buffer | undefined {
    const at = this.#find(key)
    return at === undefined ? undefined : Buffer.from(this.#memory.subarray(at, at + this.info.valueSize))
  }

  update(key: Uint8Array, value: Uint8Array): void {
    const at = this.#find(key)
    if (at === undefined) throw new RangeError(`map ${this.name}: it has ${this.info.maxEntries} entries`)
    this.#memory.set(value, at)
  }

  /** As in the kernel, entries of an array are always there. */
  delete(): boolean {
    throw new Error(`map ${this.name}: an array keeps its entries`)
  }

  lookupAll(): ReturnType<TableMap['lookupAll']> {
    const { maxEntries, keySize } = this.info
    const keys = Buffer.alloc(maxEntries * keySize)
    for (let i = 0; i < maxEntries; i++) keys.writeUInt32LE(i, i * keySize)
    return { count: maxEntries, keys, values: Buffer.from(this.#memory) }
  }

  view(offset = 0, length = this.#memory.length - offset): DataView {
    return new DataView(this.#memory.buffer, offset, length)
  }

  /** Nothing to give back: the memory is the map. */
  unview(): void {}

  #find(key: Uint8Array): number | undefined {
    const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true)
    return index < this.info.maxEntries ? index * this.info.valueBytes : undefined
  }
}

class MemoryHash implements MemoryMap {
  readonly kind = 'hash'
  readonly #entries = new Map<string, Buffer>()

  constructor(
    readonly name: string,
    readonly info: TableMap['info'],
  ) {}

  lookup(key: Uint8Array): Buffer | undefined {
    return this.#entries.get(textOf(key))
  }

  update(key: Uint8Array, value: Uint8Array): void {
    const text = textOf(key)
    if (!this.#entries.has(text) && this.#entries.size === this.info.maxEntries) {
      throw new RangeError(`map ${this.name}: it has room for ${this.info.maxEntries} entries`)
    }
    this.#entries.set(text, Buffer.from(value))
  }

  delete(key: Uint8Array): boolean {
    return this.#entries.delete(textOf(key))
  }

  lookupAll(): ReturnType<TableMap['lookupAll']> {
    return {
      count: this.#entries.size,
      keys: Buffer.concat(Array.from(this.#entries.keys(), (text) => Buffer.from(text, 'latin1'))),
      values: Buffer.concat([...this.#entries.values()]),
    }
  }

  readRange(): never {
    throw new Error(`map ${this.name}: a hash has no ranges`)
  }

  view(): never {
    throw new Error(`map ${this.name}: a hash is not mapped`)
  }

  unview(): void {}
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
