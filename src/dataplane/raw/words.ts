/**
 * Bytes and words of packets, for what is done about each of them. To look a method of a Buffer up takes V8 several times as long
 * as what it does. Nobody looks whether the offsets are within the
 * bytes: whoever reads has checked.
 */

export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}

/** In wire order. */
export function word16At(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1)
}

/** As it stands in memory, read as little-endian. */
export function word16AsIs(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8)
}

/** In wire order. @param value its lower 16 bits. */
export function putWord16(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}
