/**
 * What network cards are left to do, and what was not done when a packet comes from a virtual machine or container beside the
 * director: a checksum that is not finished (CHECKSUM_PARTIAL of include/linux/skbuff.h).
 */
import { checksum, headerLengthAt, ipProtocol } from './ipv4.js'
import { byteAt, putWord16, word16AsIs, word16At } from './words.js'

/** Where the checksum is in the header. */
const tcpChecksum = 16
const udpChecksum = 6

/**
 * Finishes the checksum of a TCP segment or UDP datagram if only that of the pseudo header is in it. A finished one that looks
 * the same, one of 65,535, becomes what it is.
 * @param at where the IP header begins, @param end where the datagram ends.
 */
export function finishChecksum(bytes: Buffer, at: number, end: number): void {
  const field = checksumAt(bytes, at)
  if (field === 0 || field + 2 > end) return
  // Of words as they stand in memory: the sum of swapped words is the swapped sum (RFC 1071).
  const length = word16At(bytes, at + 2) - headerLengthAt(bytes, at)
  let sum = (byteAt(bytes, at + 9) << 8) + ((length & 0xff) << 8) + (length >>> 8)
  for (let address = at + 12; address < at + 20; address += 2) sum += word16AsIs(bytes, address)
  sum = (sum & 0xffff) + (sum >>> 16)
  sum = (sum & 0xffff) + (sum >>> 16)
  if (word16AsIs(bytes, field) === sum) writeChecksum(bytes, at, field)
}

/** Makes the checksum of a TCP segment or UDP datagram anew. */
export function renewChecksum(bytes: Buffer, at: number): void {
  const field = checksumAt(bytes, at)
  if (field === 0) return
  putWord16(bytes, pseudoSum(bytes, at), field)
  writeChecksum(bytes, at, field)
}

/** The sum of the pseudo header, which is in the field, takes part. */
function writeChecksum(bytes: Buffer, at: number, field: number): void {
  const sum = checksum(bytes, at + headerLengthAt(bytes, at), at + word16At(bytes, at + 2))
  // 0 would say that there is none (RFC 768).
  putWord16(bytes, sum === 0 ? 0xffff : sum, field)
}

/** Where the checksum is; 0: the protocol has none. */
function checksumAt(bytes: Buffer, at: number): number {
  const protocol = byteAt(bytes, at + 9)
  if (protocol === ipProtocol.TCP) return at + headerLengthAt(bytes, at) + tcpChecksum
  return protocol === ipProtocol.UDP ? at + headerLengthAt(bytes, at) + udpChecksum : 0
}

/** Of addresses, protocol and length (RFC 9293, 3.1), not complemented. */
function pseudoSum(bytes: Buffer, at: number): number {
  let sum = byteAt(bytes, at + 9) + word16At(bytes, at + 2) - headerLengthAt(bytes, at)
  for (let i = at + 12; i < at + 20; i += 2) sum += word16At(bytes, i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}
