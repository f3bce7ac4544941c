/** Frames for the services of test/native/world.h. */
import {
  type FrameSpec,
  frame,
  type IcmpFields,
  type Ipv4Fields,
  type PacketSpec,
  packet,
  type TcpFields,
} from '../lib/packet.js'

export const vip = '192.0.2.10'
/** Of the services whose real servers are behind another interface, are the director itself, or are not there. */
export const otherVip = '192.0.2.11'
export const cip = '198.51.100.1'
/** The director's own address. */
export const dip = '10.0.0.254'
const router = '203.0.113.1'

/** Where things are in a frame without VLAN tags and options. */
export const at = { sport: 35, tcpFlags: 47, quotedDestination: 61 } as const
/** Bits of byte `at.tcpFlags`. */
export const tcpFlag = { fin: 1, syn: 2, rst: 4, ack: 16 } as const

/** Of a frame; `tcp.dport` says which service it is for: 80 DR, 443 TUN. */
export type Segment = Pick<FrameSpec, 'ethernet' | 'vlans' | 'ip' | 'tcp' | 'payload'>

export function segment(spec: Segment = {}): Buffer {
  return frame({ tcp: {}, ...spec })
}

/** By TUN. */
export function tunnelled(spec: Segment = {}): Buffer {
  return segment({ ...spec, tcp: { dport: 443, ...spec.tcp } })
}

/** The id with which the IP header of a segment without payload has this checksum, all else being default. */
export function idFor(checksum: number): number {
  const withoutId = packet({ tcp: {} }).readUInt16BE(10)
  return (withoutId - checksum + 0xffff) % 0xffff
}

export function datagram(ip: Ipv4Fields = {}, spec: FrameSpec = {}): Buffer {
  return frame({ ip, udp: {}, ...spec })
}

/** A segment that makes an IP packet of so many bytes. */
export function sized(length: number, ip: Ipv4Fields, tcp: TcpFields = {}): Buffer {
  return segment({ ip, tcp, payload: Buffer.alloc(length - 40) })
}

/** A router's error about what a server sent in the name of a VIP. */
export function errorAboutReply(icmp: IcmpFields, reply: PacketSpec, ip: Ipv4Fields = {}): Buffer {
  return frame({ ip: { source: router, destination: vip, ...ip }, icmp, payload: packet(reply).subarray(0, 28) })
}

/** A router's error about a packet in a tunnel to server 2. */
export function errorAboutTunnel(icmp: IcmpFields, inner: PacketSpec, spec: FrameSpec = {}): Buffer {
  const quote = packet({ ip: { source: dip, destination: '10.0.0.3', protocol: 4 }, payload: packet(inner) })
  return frame({ ...spec, ip: { source: router, destination: dip, ...spec.ip }, icmp, payload: quote })
}
