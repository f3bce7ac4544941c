import type { BpfMap } from '../../bpf/index.js'
import type { Layout } from './layout-fields.js'

/**
 * An array map as memory, of values or of what values are arrays of: reading and writing it is no
 * system call. Fields that packets read while they change are written as one aligned word.
 */
export class MappedArray<T> {
  readonly capacity: number
  readonly #view: DataView
  readonly #words: Int32Array
  readonly #bytes: Uint8Array

  constructor(
    map: BpfMap,
    readonly layout: Layout<T>,
  ) {
    const memory = map.mmap()
    this.capacity = (map.info.maxEntries * map.info.valueSize) / layout.size
    this.#view = new DataView(memory)
    this.#words = new Int32Array(memory)
    this.#bytes = new Uint8Array(memory)
  }

  get(index: number): T {
    return this.layout.decode(this.#view, this.#offset(index))
  }

  set(index: number, value: T): void {
    this.layout.encode(this.#view, this.#offset(index), value)
  }

  /** Sets a field that is a struct itself, and nothing around it. @param field offset in the struct. */
  setField<F>(index: number, field: number, layout: Layout<F>, value: F): void {
    layout.encode(this.#view, this.#offset(index) + field, value)
  }

  /** A field of 8 bytes, read at once. @param field offset in the struct. */
  getBig(index: number, field: number): bigint {
    return this.#view.getBigUint64(this.#offset(index) + field, true)
  }

  /** Sets an aligned field of 4 bytes; everything written before is seen before it. */
  publish(index: number, field: number, value: number): void {
    Atomics.store(this.#words, (this.#offset(index) + field) / 4, value)
  }

  /** Sets one byte; everything written before is seen before it. */
  publishByte(index: number, field: number, value: number): void {
    Atomics.store(this.#bytes, this.#offset(index) + field, value)
  }

  #offset(index: number): number {
    if (index < 0 || index >= this.capacity) throw new RangeError(`${this.layout.name}: no index ${index}`)
    return index * this.layout.size
  }
}
