import type { Packet } from './packet.js'

/** Where a tuple can be in the connection table, by its hash (conn.h). One object is used again and again. */
export class Place {
  /** Numbers of its sets. */
  first = 0
  second = 0
  /** First slot of the cache line to look at first. */
  home = 0
  /** Bits 63 to 48 of the hash: tells flows apart. */
  id = 0
  /** The words of the tuple as they stand in struct conn; the last without the server. */
  cip = 0
  vip = 0
  ports = 0
  protocol = 0

  /** hash_tuple(), and what conn.h makes of the hash. @param seed hash_seed of struct config, as words, low before high. @param mask set_mask. */
  find(p: Packet, seed: readonly [number, number, number, number], mask: number): void {
    this.cip = p.cip
    this.vip = p.vip
    this.ports = ((p.vport << 16) | p.cport) >>> 0
    this.protocol = (p.protocol << 24) >>> 0
    hash.set(this.cip ^ seed[0], this.vip ^ seed[1])
    hash.multiply(0xed558ccd, 0xff51afd7)
    hash.set(hash.low ^ hash.high, hash.high)
    hash.set(hash.low ^ this.ports ^ seed[2], hash.high ^ this.protocol ^ seed[3])
    hash.multiply(0x1a85ec53, 0xc4ceb9fe)
    hash.set(hash.low ^ ((hash.low >>> 29) | (hash.high << 3)), hash.high ^ (hash.high >>> 29))
    hash.multiply(0x7f4a7c15, 0x9e3779b9)
    hash.set(hash.low ^ hash.high, hash.high)
    this.first = (hash.low & mask) >>> 0
    this.second = (hash.high & mask) >>> 0
    this.home = ((hash.low >>> 29) | (hash.high << 3)) & 6
    this.id = hash.high >>> 16
  }
}

/** 64 bits in two halves: BigInts would be objects, several for each packet. */
class Word64 {
  low = 0
  high = 0

  set(low: number, high: number): void {
    this.low = low >>> 0
    this.high = high >>> 0
  }

  /** Modulo 2^64. */
  multiply(low: number, high: number): void {
    const [a0, a1] = [this.low & 0xffff, this.low >>> 16]
    const [b0, b1] = [low & 0xffff, low >>> 16]
    const middle = a1 * b0 + ((a0 * b0) >>> 16)
    const carry = (middle & 0xffff) + a0 * b1
    const upper = a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)
    this.set(Math.imul(this.low, low), upper + Math.imul(this.low, high) + Math.imul(this.high, low))
  }
}

const hash = new Word64()
