import { byteAt, putWord16, word16At } from './words.js'

/** Bytes of an IPv4 header without options. */
export const ipHeaderLength = 20

/** Bytes of an IPv4 header, as it says itself. */
export function headerLengthAt(bytes: Buffer, at: number): number {
  return (byteAt(bytes, at) & 0x0f) * 4
}

/**
 * Whether an IPv4 header is at a place, as ip_rcv_core() checks it, checksum aside. Returns its length, or 0.
 * @param end where the bytes that came end.
 * @param isQuoted it is inside an ICMP error, which may have cut off what follows it.
 */
export function ipv4HeaderLength(bytes: Buffer, at: number, end: number, isQuoted: boolean): number {
  if (at + ipHeaderLength > end) return 0
  const first = byteAt(bytes, at)
  const headerLength = headerLengthAt(bytes, at)
  const totalLength = word16At(bytes, at + 2)
  if (first >> 4 !== 4 || headerLength < ipHeaderLength || totalLength < headerLength) return 0
  if (at + headerLength > end) return 0
  return !isQuoted && at + totalLength > end ? 0 : headerLength
}

/** Ones' complement sum of 16-bit words (RFC 1071), as a checksum field has it: 0 over what has a right one. */
export function checksum(bytes: Buffer, from: number, to: number): number {
  let sum = 0
  for (let at = from; at + 1 < to; at += 2) sum += word16At(bytes, at)
  if ((to - from) % 2 === 1) sum += byteAt(bytes, to - 1) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** One less, as ip_decrease_ttl() of include/net/ip.h: the checksum is adjusted, not made anew. */
export function decrementTtl(bytes: Buffer, at: number): void {
  const check = word16At(bytes, at + 10) + 0x0100
  putWord16(bytes, check + (check >= 0xffff ? 1 : 0), at + 10)
  bytes[at + 8] = byteAt(bytes, at + 8) - 1
}
