import { ipHeaderLength } from '../sim/ipv4.js'
import { ipFragment, ipProtocol, type Packet, tcpFlag } from '../sim/packet.js'
import { renewChecksum } from './offload.js'

const tcpHeaderLength = 20
const ttl = 64

/**
 * What a closed port answers to a TCP segment (RFC 9293, 3.5.2), as tcp_v4_send_reset() makes it; undefined for one that gets
 * no answer. The kernel's own answers in the name of virtual services are suppressed, this one too.
 * @param p with all of it parsed, and its checksum finished.
 */
export function resetOf(p: Packet): Buffer | undefined {
  if (p.protocol !== ipProtocol.TCP || p.tcpFlags & tcpFlag.RST) return undefined
  const segment = p.bytes.subarray(p.at, p.at + p.ipLength)
  if (!isRight(segment, p.headerLength)) return undefined
  const out = Buffer.alloc(ipHeaderLength + tcpHeaderLength)
  out.writeUInt8(0x45, 0)
  out.writeUInt8(segment.readUInt8(1), 1)
  out.writeUInt16BE(out.length, 2)
  out.writeUInt16BE(ipFragment.DF, 6)
  out.writeUInt8(ttl, 8)
  out.writeUInt8(ipProtocol.TCP, 9)
  segment.copy(out, 12, 16, 20)
  segment.copy(out, 16, 12, 16)
  segment.copy(out, ipHeaderLength, p.headerLength + 2, p.headerLength + 4)
  segment.copy(out, ipHeaderLength + 2, p.headerLength, p.headerLength + 2)
  if (p.tcpFlags & tcpFlag.ACK) segment.copy(out, ipHeaderLength + 4, p.headerLength + 8, p.headerLength + 12)
  else out.writeUInt32BE(nextSequence(segment, p), ipHeaderLength + 8)
  out.writeUInt8((tcpHeaderLength / 4) << 4, ipHeaderLength + 12)
  out.writeUInt8(p.tcpFlags & tcpFlag.ACK ? tcpFlag.RST : tcpFlag.RST | tcpFlag.ACK, ipHeaderLength + 13)
  renewChecksum(out, 0)
  return out
}

/** The sequence number after the segment's last. SYN and FIN take one each. */
function nextSequence(segment: Buffer, { headerLength, tcpFlags }: Packet): number {
  const dataAt = headerLength + (segment.readUInt8(headerLength + 12) >> 4) * 4
  const flags = (tcpFlags & tcpFlag.SYN ? 1 : 0) + (tcpFlags & tcpFlag.FIN ? 1 : 0)
  return (segment.readUInt32BE(headerLength + 4) + segment.length - dataAt + flags) >>> 0
}

/** Whether the TCP checksum is right: only then the ports are the sender's. 0 and 0xffff are the same sum (RFC 1624). */
function isRight(segment: Buffer, headerLength: number): boolean {
  const copy = Buffer.from(segment)
  renewChecksum(copy, 0)
  const at = headerLength + 16
  return copy.readUInt16BE(at) === (segment.readUInt16BE(at) || 0xffff)
}
