import { verdict } from '../tables/layout.gen.js'
import { ipv4HeaderLength } from './ipv4.js'
import { goOn, ipFragment, ipProtocol, type Packet } from './packet.js'
import { parseIcmp } from './parse-icmp.js'

const tcpHeaderLength = 20
const udpHeaderLength = 8

/** Fills the packet but for the ports. Of a fragment there is no more to be had (parse.h). */
export function parseNetwork(p: Packet, bytes: Buffer, at: number): number {
  const headerLength = ipv4HeaderLength(bytes, at, false)
  if (headerLength === 0) return verdict.MALFORMED_IPV4
  p.bytes = bytes
  p.at = at
  p.headerLength = headerLength
  p.ipLength = bytes.readUInt16BE(at + 2)
  p.needed = p.ipLength
  p.cip = bytes.readUInt32LE(at + 12)
  p.vip = bytes.readUInt32LE(at + 16)
  p.protocol = bytes.readUInt8(at + 9)
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
  if (at + tcpHeaderLength > p.bytes.length || length < tcpHeaderLength) return verdict.MALFORMED_L4
  const headerLength = (p.bytes.readUInt8(at + 12) >> 4) * 4
  if (headerLength < tcpHeaderLength || headerLength > length) return verdict.MALFORMED_L4
  parsePorts(p, at)
  p.tcpFlags = p.bytes.readUInt8(at + 13)
  return goOn
}

function parseUdp(p: Packet): number {
  const at = p.at + p.headerLength
  const length = p.ipLength - p.headerLength
  if (at + udpHeaderLength > p.bytes.length || length < udpHeaderLength) return verdict.MALFORMED_L4
  const claimed = p.bytes.readUInt16BE(at + 4)
  if (claimed < udpHeaderLength || claimed > length) return verdict.MALFORMED_L4
  parsePorts(p, at)
  return goOn
}

function parsePorts(p: Packet, at: number): void {
  p.cport = p.bytes.readUInt16LE(at)
  p.vport = p.bytes.readUInt16LE(at + 2)
}
