/**
 * What network cards are left to do, and what was not done when a packet comes from a virtual machine or container beside the
 * director: a checksum that is not finished (CHECKSUM_PARTIAL of include/linux/skbuff.h).
 */
import { checksum } from '../sim/ipv4.js'
import { ipProtocol } from '../sim/packet.js'

/** Where the checksum is in the header. */
const checksumOffsets: Readonly<Record<number, number>> = { [ipProtocol.TCP]: 16, [ipProtocol.UDP]: 6 }

/**
 * Finishes the checksum of a TCP segment or UDP datagram if only that of the pseudo header is in it. A finished one that looks
 * the same, one of 65,535, becomes what it is.
 * @param packet from its IP header on.
 */
export function finishChecksum(packet: Buffer): void {
  const at = checksumAt(packet)
  if (at === undefined) return
  const headerLength = (packet.readUInt8(0) & 0x0f) * 4
  if (packet.readUInt16BE(at) === pseudoSum(packet, headerLength)) writeChecksum(packet, headerLength, at)
}

/** Makes the checksum of a TCP segment anew. @param packet from its IP header on. */
export function renewChecksum(packet: Buffer): void {
  const at = checksumAt(packet)
  const headerLength = (packet.readUInt8(0) & 0x0f) * 4
  if (at === undefined) return
  packet.writeUInt16BE(pseudoSum(packet, headerLength), at)
  writeChecksum(packet, headerLength, at)
}

/** The sum of the pseudo header, which is in the field, takes part. */
function writeChecksum(packet: Buffer, headerLength: number, at: number): void {
  const sum = checksum(packet, headerLength, packet.length)
  // 0 would say that there is none (RFC 768).
  packet.writeUInt16BE(sum === 0 ? 0xffff : sum, at)
}

function checksumAt(packet: Buffer): number | undefined {
  const offset = checksumOffsets[packet.readUInt8(9)]
  return offset === undefined ? undefined : (packet.readUInt8(0) & 0x0f) * 4 + offset
}

/** Of addresses, protocol and length (RFC 9293, 3.1), not complemented. */
function pseudoSum(packet: Buffer, headerLength: number): number {
  let sum = packet.readUInt8(9) + packet.length - headerLength
  for (let at = 12; at < 20; at += 2) sum += packet.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}
