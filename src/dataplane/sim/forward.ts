/** LVS/DR and LVS/TUN (forward.h), as net/netfilter/ipvs/ip_vs_xmit.c has them. */
import { verdict } from '../tables/layout.gen.js'
import { checksum, decrementTtl, ipHeaderLength } from './ipv4.js'
import { goOn, ipFragment, ipProtocol, type Packet } from './packet.js'

const ecnMask = 0x03
const ecnCe = 0x03
const ecnEct0 = 0x02

/**
 * Whether the packet can take the way at all. A client that is told that it is too long is told of a packet one hop older.
 * @param mtu and @param overhead, which a tunnel adds, in bytes.
 */
export function checkWay(p: Packet, mtu: number, overhead: number): number {
  if (p.bytes.readUInt8(p.at + 8) <= 1) return p.isIcmpError ? verdict.DROP_TTL : verdict.ICMP_TIME_EXCEEDED
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
 * The packet with an outer header (RFC 2003) before it, one hop older.
 * @param saddr and @param rip in wire order read as little-endian. @param id tells flows apart.
 */
export function encapsulate(p: Packet, saddr: number, rip: number, id: number): Buffer {
  decrementTtl(p.bytes, p.at)
  const inner = p.bytes.subarray(p.at)
  const out = Buffer.allocUnsafe(ipHeaderLength + inner.length)
  out.writeUInt8(0x45, 0)
  out.writeUInt8(outerTos(inner.readUInt8(1)), 1)
  out.writeUInt16BE((p.ipLength + ipHeaderLength) & 0xffff, 2)
  // As struct iphdr has it: wire order, added up as the machine reads it.
  out.writeUInt16LE((inner.readUInt16LE(4) + id) & 0xffff, 4)
  out.writeUInt16BE(p.fragment & ipFragment.DF, 6)
  out.writeUInt8(inner.readUInt8(8), 8)
  out.writeUInt8(ipProtocol.IPIP, 9)
  out.writeUInt16BE(0, 10)
  out.writeUInt32LE(saddr, 12)
  out.writeUInt32LE(rip, 16)
  out.writeUInt16BE(checksum(out, 0, ipHeaderLength), 10)
  inner.copy(out, ipHeaderLength)
  return out
}
