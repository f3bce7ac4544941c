/** LVS/DR and LVS/TUN (forward.h), as net/netfilter/ipvs/ip_vs_xmit.c has them. */
import { verdict } from '../tables/layout.gen.js'
import { checksum, decrementTtl, ipHeaderLength } from './ipv4.js'
import { goOn, ipFragment, ipProtocol, type Packet, type Span } from './packet.js'
import type { Way } from './way.js'
import { byteAt, putWord16, putWord16AsIs, putWord32AsIs, word16AsIs } from './words.js'

const ecnMask = 0x03
const ecnCe = 0x03
const ecnEct0 = 0x02

/**
 * Whether the packet can take the way at all. A client that is told that it is too long is told of a packet one hop older.
 * @param mtu and @param overhead, which a tunnel adds, in bytes.
 */
export function checkWay(p: Packet, mtu: number, overhead: number): number {
  if (byteAt(p.bytes, p.at + 8) <= 1) return p.isIcmpError ? verdict.DROP_TTL : verdict.ICMP_TIME_EXCEEDED
  if (p.needed + overhead <= mtu) return goOn
  if (p.isIcmpError || !p.hasDf) return verdict.DROP_TOO_BIG
  decrementTtl(p.bytes, p.at)
  return verdict.ICMP_FRAG_NEEDED
}

/** INET_ECN_encapsulate(): congestion seen before the tunnel stays with the inner header. */
function outerTos(tos: number): number {
  return (tos & ecnMask) === ecnCe ? (tos & ~ecnMask) | ecnEct0 : tos
}

/**
 * Writes an outer header (RFC 2003) before the packet, which becomes one hop older. Padding for which there is no room in the
 * `mtu` of the way goes.
 * @param rip in wire order read as little-endian. @param id tells flows apart.
 */
export function encapsulate(p: Packet, { saddr, mtu }: Way, rip: number, id: number): Span {
  const { bytes, at } = p
  decrementTtl(bytes, at)
  const outer = at - ipHeaderLength
  bytes[outer] = 0x45
  bytes[outer + 1] = outerTos(byteAt(bytes, at + 1))
  putWord16(bytes, p.ipLength + ipHeaderLength, outer + 2)
  // As struct iphdr has it: wire order, added up as the machine reads it.
  putWord16AsIs(bytes, word16AsIs(bytes, at + 4) + id, outer + 4)
  putWord16(bytes, p.fragment & ipFragment.DF, outer + 6)
  bytes[outer + 8] = byteAt(bytes, at + 8)
  bytes[outer + 9] = ipProtocol.IPIP
  putWord16(bytes, 0, outer + 10)
  putWord32AsIs(bytes, saddr, outer + 12)
  putWord32AsIs(bytes, rip, outer + 16)
  putWord16(bytes, checksum(bytes, outer, at), outer + 10)
  return { bytes, from: outer, end: p.end - outer > mtu ? at + p.ipLength : p.end }
}
