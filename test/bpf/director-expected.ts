/** What has to come out, byte by byte, from the RFCs and from net/netfilter/ipvs. */
import type { Hop } from '../../src/core/next-hop.js'
import { type FrameSpec, macBytes, packet, protocolNumbers } from '../lib/packet.js'

const ethernetLength = 14
const tagLength = 4

/** Bytes in front of the IP header. */
export function l2Length({ vlans = [] }: FrameSpec): number {
  return ethernetLength + tagLength * vlans.length
}

/** The frame as LVS/DR passes it on (ip_vs_dr_xmit): new MAC addresses, one hop older. */
export function routed(frame: Buffer, hop: Hop, ipAt = ethernetLength): Buffer {
  return withMacs(older(frame, ipAt), hop)
}

function withMacs(frame: Buffer, { destinationMac, sourceMac }: Hop): Buffer {
  return Buffer.concat([macBytes(destinationMac), macBytes(sourceMac), frame.subarray(12)])
}

/** TTL less 1, and the checksum by equation 3 of RFC 1624: HC' = ~(~HC + ~m + m'). */
export function older(frame: Buffer, ipAt: number): Buffer {
  const out = Buffer.from(frame)
  const [before, header] = [out.readUInt16BE(ipAt + 8), out.readUInt16BE(ipAt + 10)]
  const after = before - 0x100
  let sum = (~header & 0xffff) + (~before & 0xffff) + after
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  out.writeUInt16BE(after, ipAt + 8)
  out.writeUInt16BE(~sum & 0xffff, ipAt + 10)
  return out
}

/**
 * The frame as LVS/TUN passes it on (ip_vs_tunnel_xmit, RFC 2003): an outer header with the inner
 * one's DSCP, DF and (lowered) TTL; ECN by INET_ECN_encapsulate: CE becomes ECT(0).
 * @param id of the outer header.
 */
export function tunnelled(frame: Buffer, hop: Hop, rip: string, id: number, ipAt = ethernetLength): Buffer {
  const rest = older(frame, ipAt).subarray(ipAt)
  const length = rest.readUInt16BE(2)
  const tos = rest.readUInt8(1)
  const outer = packet({
    ip: {
      source: hop.saddr,
      destination: rip,
      protocol: protocolNumbers.ipip,
      tos: (tos & 3) === 3 ? tos - 1 : tos,
      ttl: rest.readUInt8(8),
      df: (rest.readUInt8(6) & 0x40) !== 0,
      id,
    },
    payload: rest.subarray(0, length),
  })
  return Buffer.concat([withMacs(frame.subarray(0, ipAt), hop), outer, rest.subarray(length)])
}
