import { verdict } from '../tables/layout.gen.js'
import { ipv4HeaderLength } from './ipv4.js'
import { goOn, ipFragment, ipProtocol, type Packet, type Span } from './packet.js'
import { parseIcmp } from './parse-icmp.js'
import { byteAt, word16AsIs, word16At, word32AsIs } from './words.js'

const tcpHeaderLength = 20
const udpHeaderLength = 8

/** Fills the packet but for the ports. Of a fragment there is no more to be had (parse.h). */
export function parseNetwork(p: Packet, { bytes, from: at, end }: Span): number {
  const headerLength = ipv4HeaderLength(bytes, at, end, false)
  if (headerLength === 0) return verdict.MALFORMED_IPV4
  p.bytes = bytes
  p.at = at
  p.end = end
  p.headerLength = headerLength
  p.ipLength = word16At(bytes, at + 2)
  p.needed = p.ipLength
  p.cip = word32AsIs(bytes, at + 12)
  p.vip = word32AsIs(bytes, at + 16)
  p.protocol = byteAt(bytes, at + 9)
  p.tcpFlags = 0
  p.isIcmpError = false
  p.rip = 0
  return goOn
}

export function isFragment(p: Packet): boolean {
  return (p.fragment & (ipFragment.MF | ipFragment.OFFSET)) !== 0
}

/** Fills what is left of the packet. Not for fragments. */
export function parseTransport(p: Packet): number {
  switch (p.protocol) {
    case ipProtocol.TCP:
      return parseTcp(p)
    case ipProtocol.UDP:
      return parseUdp(p)
    case ipProtocol.ICMP:
      return parseIcmp(p)
    default:
      return verdict.PASS_NOT_L4
  }
}

function parseTcp(p: Packet): number {
  const at = p.at + p.headerLength
  const length = p.ipLength - p.headerLength
  if (at + tcpHeaderLength > p.end || length < tcpHeaderLength) return verdict.MALFORMED_L4
  const headerLength = (byteAt(p.bytes, at + 12) >> 4) * 4
  if (headerLength < tcpHeaderLength || headerLength > length) return verdict.MALFORMED_L4
  parsePorts(p, at)
  p.tcpFlags = byteAt(p.bytes, at + 13)
  return goOn
}

function parseUdp(p: Packet): number {
  const at = p.at + p.headerLength
  const length = p.ipLength - p.headerLength
  if (at + udpHeaderLength > p.end || length < udpHeaderLength) return verdict.MALFORMED_L4
  const claimed = word16At(p.bytes, at + 4)
  if (claimed < udpHeaderLength || claimed > length) return verdict.MALFORMED_L4
  parsePorts(p, at)
  return goOn
}

function parsePorts(p: Packet, at: number): void {
  p.cport = word16AsIs(p.bytes, at)
  p.vport = word16AsIs(p.bytes, at + 2)
}
