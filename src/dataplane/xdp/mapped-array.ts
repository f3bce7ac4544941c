import type { BpfMap } from '../../bpf/index.js'
import type { Layout } from './layout-fields.js'

/**
 * An array map as memory: reading and writing it is no system call. Fields that packets read while
 * they change are written as one aligned word.
 */
export class MappedArray<T> {
  readonly capacity: number
  readonly #view: DataView
  readonly #words: Int32Array

  constructor(
    map: BpfMap,
    readonly layout: Layout<T>,
  ) {
    const memory = map.mmap()
    this.capacity = map.info.maxEntries
    this.#view = new DataView(memory)
    this.#words = new Int32Array(memory)
  }

  get(index: number): T {
    return this.layout.decode(this.#view, this.#offset(index))
  }

  set(index: number, value: T): void {
    this.layout.encode(this.#view, this.#offset(index), value)
  }

  /** A field of 8 bytes, read at once. @param field offset in the struct. */
  getBig(index: number, field: number): bigint {
    return this.#view.getBigUint64(this.#offset(index) + field, true)
  }

  /** Sets an aligned field of 4 bytes; everything written before is seen before it. */
  publish(index: number, field: number, value: number): void {
    Atomics.store(this.#words, (this.#offset(index) + field) / 4, value)
  }

  /** Changes one byte alone. */
  setByte(index: number, field: number, value: number): void {
    this.#view.setUint8(this.#offset(index) + field, value)
  }

  #offset(index: number): number {
    if (index < 0 || index >= this.capacity) throw new RangeError(`${this.layout.name}: no index ${index}`)
    return index * this.layout.size
  }
}
