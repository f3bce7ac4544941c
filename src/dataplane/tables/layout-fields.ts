import { endianness } from 'node:os'
import { UnsupportedError } from '../../core/errors.js'

// The generated codecs read host order as little-endian.
if (endianness() !== 'LE') throw new UnsupportedError('byte order', 'only little-endian machines are supported')

/** How a C struct lies in memory. */
export interface Layout<T> {
  /** Its name in C. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Where fields begin, for access in place (mmap). */
  readonly offsets: Readonly<Record<string, number>>
  decode(view: DataView, offset: number): T
  /** Writes all its bytes, padding as zeros. @throws RangeError for an array, text or byte string of the wrong length. */
  encode(view: DataView, offset: number, value: T): void
}

/** The struct at position `index` of bytes that hold one or several. */
export function fromBytes<T>(layout: Layout<T>, bytes: Uint8Array, index = 0): T {
  return layout.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), index * layout.size)
}

/** A struct as the kernel has it. */
export function toBytes<T>(layout: Layout<T>, value: T): Buffer {
  const bytes = Buffer.alloc(layout.size)
  layout.encode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, value)
  return bytes
}

/** char[size]: up to the first NUL. */
export function readText(view: DataView, offset: number, size: number): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset + offset, size)
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end === -1 ? size : end)
}

/** char[size]: the rest filled with NULs, of which there is at least one. */
export function writeText(view: DataView, offset: number, value: string, size: number, name: string): void {
  const bytes = Buffer.from(view.buffer, view.byteOffset + offset, size)
  const length = Buffer.byteLength(value)
  if (length >= size) throw new RangeError(`${name}: '${value}' has ${length} bytes, at most ${size - 1} fit`)
  bytes.fill(0)
  bytes.write(value)
}

/** __u8[size]: a copy. */
export function readBytes(view: DataView, offset: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, size).slice()
}

/** __u8[size]. */
export function writeBytes(view: DataView, offset: number, value: Uint8Array, size: number, name: string): void {
  checkLength(value, size, name)
  new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value)
}

/** T[length]. */
export function readArray<T>(length: number, read: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => read(index))
}

/** T[length]. */
export function writeArray<T>(
  values: readonly T[],
  length: number,
  name: string,
  write: (value: T, index: number) => void,
): void {
  checkLength(values, length, name)
  values.forEach(write)
}

function checkLength(value: { readonly length: number }, length: number, name: string): void {
  if (value.length !== length) throw new RangeError(`${name}: has ${value.length} elements, must have ${length}`)
}
