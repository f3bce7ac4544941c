import { align } from './align.js'

const firstBytes = 4096

/**
 * Bytes that grow: messages and attributes with their lengths and padding. Numbers are in host order unless a method says
 * otherwise, and the host is little-endian.
 */
export class Writer {
  #bytes = Buffer.allocUnsafe(firstBytes)
  #end = 0

  /** Written since the last take(). */
  get length(): number {
    return this.#end
  }

  u8(value: number): void {
    const at = this.#room(1)
    this.#bytes.writeUInt8(value, at)
  }

  u16(value: number): void {
    const at = this.#room(2)
    this.#bytes.writeUInt16LE(value, at)
  }

  u32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeUInt32LE(value, at)
  }

  s32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeInt32LE(value, at)
  }

  /** A whole number below 2^53. */
  u64(value: number): void {
    this.u32(value % 2 ** 32)
    this.u32(Math.floor(value / 2 ** 32))
  }

  /** In network order. */
  be16(value: number): void {
    const at = this.#room(2)
    this.#bytes.writeUInt16BE(value, at)
  }

  /** In network order. */
  be32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeUInt32BE(value, at)
  }

  bytes(value: Uint8Array): void {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
  }

  /**
   * What `body` writes, behind its own length as a u32 at its start (struct nlmsghdr), padded to 4. If it throws, nothing of it is
   * left: half a message would be taken for the beginning of another.
   */
  sizedByU32(body: () => void): void {
    const start = this.#end
    this.u32(0)
    try {
      body()
    } catch (error) {
      this.#end = start
      throw error
    }
    this.#bytes.writeUInt32LE(this.#end - start, start)
    this.#pad()
  }

  /** What `body` writes, behind its own length as a u16 at its start (struct nlattr), padded to 4. */
  sizedByU16(body: () => void): void {
    const start = this.#end
    this.u16(0)
    body()
    this.#bytes.writeUInt16LE(this.#end - start, start)
    this.#pad()
  }

  /** All that was written; what is written from now on begins anew. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#end)
    this.#bytes = Buffer.allocUnsafe(Math.max(firstBytes, this.#end))
    this.#end = 0
    return taken
  }

  #pad(): void {
    const padding = align(this.#end) - this.#end
    const at = this.#room(padding)
    this.#bytes.fill(0, at, at + padding)
  }

  /** Makes room for so many bytes, in what may be another buffer then. @returns where they begin. */
  #room(bytes: number): number {
    const at = this.#end
    this.#end += bytes
    if (this.#end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    return at
  }
}
