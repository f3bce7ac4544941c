import type { TableMap } from '../tables/table-map.js'

/** A map in the memory of a module, which does what the kernel's do. Methods throw RangeError for what has not the map's sizes. */
export interface MemoryMap extends TableMap {
  /** Only an array has a view. */
  readonly kind: 'array' | 'hash'
}

/** What a module does with one of its hash maps. A value is where it is in the module's memory. */
export interface HashFunctions {
  get(key: Uint8Array): Buffer | undefined
  /** Of a key that may be new; the value is to be written. */
  put(key: Uint8Array): Buffer
  drop(key: Uint8Array): void
}

/** @throws RangeError for a key or a value of the wrong size, as of a map of the kernel's. */
function checkSize({ name, info }: TableMap, key: Uint8Array, value?: Uint8Array): void {
  const isWrong = key.length !== info.keySize || (value && value.length !== info.valueSize)
  if (isWrong) throw new RangeError(`map ${name}: a key has ${info.keySize} bytes, a value ${info.valueSize}`)
}

/** Values one behind the other, each rounded up to 8 bytes; the key is the index. */
export class MemoryArray implements MemoryMap {
  readonly kind = 'array'

  /** @param memory the map's. */
  constructor(
    readonly name: string,
    readonly info: TableMap['info'],
    private readonly memory: Buffer,
  ) {}

  lookup(key: Uint8Array): Buffer | undefined {
    checkSize(this, key)
    const at = this.#find(key)
    return at === undefined ? undefined : Buffer.from(this.memory.subarray(at, at + this.info.valueSize))
  }

  update(key: Uint8Array, value: Uint8Array): void {
    checkSize(this, key, value)
    const at = this.#find(key)
    if (at === undefined) throw new RangeError(`map ${this.name}: it has ${this.info.maxEntries} entries`)
    this.memory.set(value, at)
  }

  /** As in the kernel, entries of an array are always there. */
  delete(): boolean {
    throw new Error(`map ${this.name}: an array keeps its entries`)
  }

  lookupAll(): ReturnType<TableMap['lookupAll']> {
    const { maxEntries, keySize } = this.info
    const keys = Buffer.alloc(maxEntries * keySize)
    for (let i = 0; i < maxEntries; i++) keys.writeUInt32LE(i, i * keySize)
    return { count: maxEntries, keys, values: Buffer.from(this.memory) }
  }

  view(offset = 0, length = this.memory.length - offset): DataView {
    return new DataView(this.memory.buffer, this.memory.byteOffset + offset, length)
  }

  /** Nothing to give back: the memory is the map. */
  unview(): void {}

  #find(key: Uint8Array): number | undefined {
    const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true)
    return index < this.info.maxEntries ? index * this.info.valueBytes : undefined
  }
}

/** A hash table that the module's functions search and change: bpf/platform/hash_map.h. */
export class MemoryHash implements MemoryMap {
  readonly kind = 'hash'
  #count = 0

  /** @param memory the map's. */
  constructor(
    readonly name: string,
    readonly info: TableMap['info'],
    private readonly memory: Buffer,
    private readonly functions: HashFunctions,
  ) {}

  lookup(key: Uint8Array): Buffer | undefined {
    checkSize(this, key)
    const value = this.functions.get(key)
    return value && Buffer.from(value)
  }

  update(key: Uint8Array, value: Uint8Array): void {
    checkSize(this, key, value)
    if (!this.functions.get(key)) {
      if (this.#count === this.info.maxEntries) {
        throw new RangeError(`map ${this.name}: it has room for ${this.info.maxEntries} entries`)
      }
      this.#count++
    }
    this.functions.put(key).set(value)
  }

  delete(key: Uint8Array): boolean {
    checkSize(this, key)
    if (!this.functions.get(key)) return false
    this.functions.drop(key)
    this.#count--
    return true
  }

  lookupAll(): ReturnType<TableMap['lookupAll']> {
    const { keySize, valueSize } = this.info
    const valueAt = usedBytes + roundUp(keySize)
    const entries: Buffer[] = []
    for (let at = 0; at < this.memory.length; at += valueAt + roundUp(valueSize)) {
      if (this.memory[at]) entries.push(this.memory.subarray(at))
    }
    return {
      count: entries.length,
      keys: Buffer.concat(entries.map((entry) => entry.subarray(usedBytes, usedBytes + keySize))),
      values: Buffer.concat(entries.map((entry) => entry.subarray(valueAt, valueAt + valueSize))),
    }
  }

  view(): never {
    throw new Error(`map ${this.name}: a hash is not mapped`)
  }

  unview(): void {}
}

/** Bytes of a bucket before its key. */
const usedBytes = 8

/** To a multiple of 8 bytes, as maps do it. */
export function roundUp(size: number): number {
  return Math.ceil(size / 8) * 8
}
