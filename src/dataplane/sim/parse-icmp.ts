import { verdict } from '../tables/layout.gen.js'
import { ipv4HeaderLength } from './ipv4.js'
import { goOn, ipFragment, ipProtocol, isMartian, type Packet } from './packet.js'

/** RFC 792. */
export const icmpType = { DEST_UNREACH: 3, SOURCE_QUENCH: 4, TIME_EXCEEDED: 11 } as const
export const icmpCode = { PORT_UNREACH: 3, FRAG_NEEDED: 4, EXC_TTL: 0 } as const

export const icmpHeaderLength = 8

/** Source and destination port. */
const portsLength = 4

/** ICMP errors and the packets of ours that they quote (parse_icmp.h). */
export function parseIcmp(p: Packet): number {
  const { bytes } = p
  const at = p.at + p.headerLength
  const length = p.ipLength - p.headerLength
  if (at + icmpHeaderLength > p.end || length < icmpHeaderLength) return verdict.MALFORMED_L4
  const type = bytes.readUInt8(at)
  if (type !== icmpType.DEST_UNREACH && type !== icmpType.SOURCE_QUENCH && type !== icmpType.TIME_EXCEEDED) {
    return verdict.PASS_ICMP
  }
  if (isMartian(p)) return verdict.PASS_MARTIAN
  const quoteAt = at + icmpHeaderLength
  const headerLength = ipv4HeaderLength(bytes, quoteAt, p.end, true)
  if (headerLength === 0) return verdict.PASS_ICMP
  const quoteLength = length - icmpHeaderLength
  return bytes.readUInt8(quoteAt + 9) === ipProtocol.IPIP
    ? parseQuotedTunnel(p, quoteAt, headerLength, quoteLength)
    : parseQuotedReply(p, quoteAt, headerLength, quoteLength)
}

/** Whether the ports of a whole segment's or datagram's beginning follow an IP header. */
function hasPorts({ bytes, end }: Packet, at: number, headerLength: number): boolean {
  const protocol = bytes.readUInt8(at + 9)
  return (
    (protocol === ipProtocol.TCP || protocol === ipProtocol.UDP) &&
    (bytes.readUInt16BE(at + 6) & ipFragment.OFFSET) === 0 &&
    at + headerLength + portsLength <= end
  )
}

/** A packet that a real server sent in the name of the VIP: from the client's side source and destination swap. */
function parseQuotedReply(p: Packet, at: number, headerLength: number, quoteLength: number): number {
  const { bytes } = p
  if (!hasPorts(p, at, headerLength) || quoteLength < headerLength + portsLength) return verdict.PASS_ICMP
  p.isIcmpError = true
  p.cip = bytes.readUInt32LE(at + 16)
  p.vip = bytes.readUInt32LE(at + 12)
  p.cport = bytes.readUInt16LE(at + headerLength + 2)
  p.vport = bytes.readUInt16LE(at + headerLength)
  p.protocol = bytes.readUInt8(at + 9)
  return goOn
}

/** A packet that the addressee of the error sent by LVS/TUN: behind the outer header there is one that came from a client. */
function parseQuotedTunnel(p: Packet, outerAt: number, outerLength: number, quoteLength: number): number {
  const { bytes } = p
  const at = outerAt + outerLength
  if (bytes.readUInt32LE(outerAt + 12) !== p.vip) return verdict.PASS_ICMP
  if (bytes.readUInt16BE(outerAt + 6) & ipFragment.OFFSET) return verdict.PASS_ICMP
  const headerLength = ipv4HeaderLength(bytes, at, p.end, true)
  if (headerLength === 0 || !hasPorts(p, at, headerLength)) return verdict.PASS_ICMP
  if (quoteLength < outerLength + headerLength + portsLength) return verdict.PASS_ICMP
  p.isIcmpError = true
  p.rip = bytes.readUInt32LE(outerAt + 16)
  p.innerAt = at
  p.cip = bytes.readUInt32LE(at + 12)
  p.vip = bytes.readUInt32LE(at + 16)
  p.cport = bytes.readUInt16LE(at + headerLength)
  p.vport = bytes.readUInt16LE(at + headerLength + 2)
  p.protocol = bytes.readUInt8(at + 9)
  return goOn
}
