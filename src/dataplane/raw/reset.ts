import { headerLengthAt, ipFragment, ipHeaderLength, ipProtocol, tcpFlag } from './ipv4.js'
import { renewChecksum } from './offload.js'

const tcpHeaderLength = 20
const ttl = 64

/**
 * What a closed port answers to a TCP segment (RFC 9293, 3.5.2), as tcp_v4_send_reset() makes it; undefined for one that gets
 * no answer. The kernel's own answers in the name of virtual services are suppressed, this one too.
 * @param datagram of no connection, whose headers are right; its checksum is finished.
 */
export function resetOf(datagram: Buffer): Buffer | undefined {
  if (datagram.readUInt8(9) !== ipProtocol.TCP) return undefined
  const tcpAt = headerLengthAt(datagram, 0)
  const segment = datagram.subarray(0, datagram.readUInt16BE(2))
  const flags = segment.readUInt8(tcpAt + 13)
  if (flags & tcpFlag.RST || !isRight(segment, tcpAt)) return undefined
  const out = Buffer.alloc(ipHeaderLength + tcpHeaderLength)
  out.writeUInt8(0x45, 0)
  out.writeUInt8(segment.readUInt8(1), 1)
  out.writeUInt16BE(out.length, 2)
  out.writeUInt16BE(ipFragment.DF, 6)
  out.writeUInt8(ttl, 8)
  out.writeUInt8(ipProtocol.TCP, 9)
  segment.copy(out, 12, 16, 20)
  segment.copy(out, 16, 12, 16)
  segment.copy(out, ipHeaderLength, tcpAt + 2, tcpAt + 4)
  segment.copy(out, ipHeaderLength + 2, tcpAt, tcpAt + 2)
  if (flags & tcpFlag.ACK) segment.copy(out, ipHeaderLength + 4, tcpAt + 8, tcpAt + 12)
  else out.writeUInt32BE(nextSequence(segment, tcpAt, flags), ipHeaderLength + 8)
  out.writeUInt8((tcpHeaderLength / 4) << 4, ipHeaderLength + 12)
  out.writeUInt8(flags & tcpFlag.ACK ? tcpFlag.RST : tcpFlag.RST | tcpFlag.ACK, ipHeaderLength + 13)
  renewChecksum(out, 0)
  return out
}

/** The sequence number after the segment's last. SYN and FIN take one each. */
function nextSequence(segment: Buffer, tcpAt: number, flags: number): number {
  const dataAt = tcpAt + (segment.readUInt8(tcpAt + 12) >> 4) * 4
  const controls = (flags & tcpFlag.SYN ? 1 : 0) + (flags & tcpFlag.FIN ? 1 : 0)
  return (segment.readUInt32BE(tcpAt + 4) + segment.length - dataAt + controls) >>> 0
}

/** Whether the TCP checksum is right: only then the ports are the sender's. 0 and 0xffff are the same sum (RFC 1624). */
function isRight(segment: Buffer, tcpAt: number): boolean {
  const copy = Buffer.from(segment)
  renewChecksum(copy, 0)
  const at = tcpAt + 16
  return copy.readUInt16BE(at) === (segment.readUInt16BE(at) || 0xffff)
}
