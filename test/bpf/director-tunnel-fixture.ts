/** ICMP errors that routers send about the director's tunnels, and what the client is told. */
import type { Test } from 'tap'
import type { BpfDirector } from '../lib/bpf-director.js'
import {
  defaultAddresses,
  type FrameSpec,
  frame,
  type IcmpFields,
  type Ipv4Fields,
  type PacketSpec,
  packet,
} from '../lib/packet.js'
import { cip, datagram, dns, openDirector, segment, server, vip, wayTo, web } from './director-fixture.js'

/** A router on the way to the real server, and the director as it knows it. */
const router = '203.0.113.1'
export const dip = wayTo(1).saddr
export const rip = '10.0.0.1'
/** Bytes of the packet that an error carries at most: 576 less the headers. */
export const quoteMax = 548

export const fromClient: PacketSpec = {
  ip: { source: cip, destination: vip, df: true, id: 0x1234, tos: 0xff, ttl: 63 },
  tcp: { sport: 40000, dport: 80, flags: 'A' },
  payload: Buffer.alloc(1300, 0x5a),
}
export const fromClientUdp: PacketSpec = { ip: { source: cip, destination: vip }, udp: {}, payload: 'query' }

/** What a router saw of a tunnelled packet. */
export function outer(inner: PacketSpec | Uint8Array, ip: Ipv4Fields = {}): Buffer {
  const payload = inner instanceof Uint8Array ? inner : packet(inner)
  return packet({ ip: { source: dip, destination: rip, protocol: 4, ...ip }, payload })
}

/** A router's error. */
export function about(
  quote: Uint8Array,
  icmp: FrameSpec['icmp'] = { type: 3, code: 4, rest: 1400 },
  ip: Ipv4Fields = {},
  vlans: readonly number[] = [],
): FrameSpec {
  return { vlans, ip: { source: router, destination: dip, ...ip }, icmp, payload: quote }
}

/** The error that the client gets: about what it sent itself, from the VIP, back where the other came from. */
export function told(inner: Buffer, icmp: IcmpFields, vlans: readonly number[] = []): Buffer {
  const { clientMac, directorMac } = defaultAddresses
  const tos = inner.readUInt8(1)
  return frame({
    ethernet: { destination: clientMac, source: directorMac },
    vlans,
    ip: { source: vip, destination: cip, tos: (tos & 0x1e) | 0xc0, id: inner.readUInt16BE(4), ttl: 64 },
    icmp,
    payload: inner.subarray(0, quoteMax),
  })
}

/** A director with two services whose one server, 10.0.0.1, is reached by TUN, and a connection of each. */
export function openTunnels(t: Test): BpfDirector {
  const director = openDirector(t)
  director.install(web, [server(1, { forwarding: 'tunnel' })])
  director.install(dns, [server(1, { rport: 53, forwarding: 'tunnel' })])
  director.send(segment('S'))
  director.send(segment('A'))
  director.send(datagram())
  return director
}

/** A segment of the client that makes an IP packet of so many bytes. */
export function sized(length: number, ip: Ipv4Fields = { df: true }): Buffer {
  return frame({ ip, tcp: { flags: 'A' }, payload: Buffer.alloc(length - 40, 1) })
}
