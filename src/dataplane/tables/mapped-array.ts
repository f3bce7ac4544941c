import type { Layout } from './layout-fields.js'
import type { TableMap } from './table-map.js'

/** Records that are mapped together: of 4 bytes and more each, so that it is whole pages, also of 64 KiB. */
const windowRecords = 16384

/** A part of the map as memory. */
interface Window {
  readonly view: DataView
  readonly words: Int32Array
  readonly bytes: Uint8Array
}

/**
 * An array map as memory, of values or of what values are arrays of: reading and writing it is no
 * system call. Fields that packets read while they change are written as one aligned word. Parts
 * are mapped when they are first used: what is mapped counts as memory of the process.
 */
export class MappedArray<T> {
  readonly capacity: number
  readonly #windows: Window[] = []

  constructor(
    readonly map: TableMap,
    readonly layout: Layout<T>,
  ) {
    this.capacity = (map.info.maxEntries * map.info.valueSize) / layout.size
  }

  get(index: number): T {
    return this.layout.decode(this.#window(index).view, this.#offset(index))
  }

  set(index: number, value: T): void {
    this.layout.encode(this.#window(index).view, this.#offset(index), value)
  }

  /** Sets a field that is a struct itself, and nothing around it. @param field offset in the struct. */
  setField<F>(index: number, field: number, layout: Layout<F>, value: F): void {
    layout.encode(this.#window(index).view, this.#offset(index) + field, value)
  }

  /** A field that is a struct itself. @param field offset in the struct. */
  getField<F>(index: number, field: number, layout: Pick<Layout<F>, 'decode'>): F {
    return layout.decode(this.#window(index).view, this.#offset(index) + field)
  }

  /** A field of 8 bytes, read at once. @param field offset in the struct. */
  getBig(index: number, field: number): bigint {
    return this.#window(index).view.getBigUint64(this.#offset(index) + field, true)
  }

  /** Sets an aligned field of 4 bytes; everything written before is seen before it. */
  publish(index: number, field: number, value: number): void {
    Atomics.store(this.#window(index).words, (this.#offset(index) + field) / 4, value)
  }

  /** Sets one byte; everything written before is seen before it. */
  publishByte(index: number, field: number, value: number): void {
    Atomics.store(this.#window(index).bytes, this.#offset(index) + field, value)
  }

  #window(index: number): Window {
    if (index < 0 || index >= this.capacity) throw new RangeError(`${this.layout.name}: no index ${index}`)
    const number = Math.floor(index / windowRecords)
    this.#windows[number] ??= this.#open(number * windowRecords)
    return this.#windows[number]
  }

  #open(first: number): Window {
    const { size } = this.layout
    const view = this.map.view(first * size, Math.min(windowRecords, this.capacity - first) * size)
    const { buffer, byteOffset, byteLength } = view
    return {
      view,
      words: new Int32Array(buffer, byteOffset, byteLength / 4),
      bytes: new Uint8Array(buffer, byteOffset, byteLength),
    }
  }

  /** Of a record in its window. */
  #offset(index: number): number {
    return (index % windowRecords) * this.layout.size
  }
}
