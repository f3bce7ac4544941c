/**
 * Builder of frames for tests. Every header field has a right default, so a test states only what
 * it is about; every field can be overridden, so a frame can be wrong in exactly one way.
 */
import { type Address, addressToNumber } from '../../src/core/address.js'

/** Flags of a TCP segment as letters: S syn, A ack, F fin, R rst, P psh, U urg, E ece, C cwr. */
export type TcpFlags = string

export interface EthernetFields {
  readonly destination?: string
  readonly source?: string
  /** Default: IPv4. With `vlans`, the type behind the last tag. */
  readonly etherType?: number
}

export interface Ipv4Fields {
  readonly source?: Address
  readonly destination?: Address
  readonly version?: number
  /** Header length in 32-bit words. Default: what options need. */
  readonly ihl?: number
  readonly tos?: number
  /** Default: the true length. */
  readonly totalLength?: number
  readonly id?: number
  readonly df?: boolean
  readonly mf?: boolean
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset?: number
  readonly ttl?: number
  readonly protocol?: number
  /** Default: the right one for all other fields as they stand. */
  readonly checksum?: number
  /** Padded with zeros (end of options) to a multiple of 4 bytes. */
  readonly options?: Uint8Array
}

export interface TcpFields {
  readonly sport?: number
  readonly dport?: number
  readonly seq?: number
  readonly ack?: number
  /** Header length in 32-bit words. Default: what options need. */
  readonly dataOffset?: number
  /** Default: 'S'. */
  readonly flags?: TcpFlags
  readonly window?: number
  readonly checksum?: number
  readonly options?: Uint8Array
}

export interface UdpFields {
  readonly sport?: number
  readonly dport?: number
  readonly length?: number
  readonly checksum?: number
}

export interface IcmpFields {
  readonly type?: number
  readonly code?: number
  /** Bytes 4..7: id and sequence of an echo, next-hop MTU of a "fragmentation needed". */
  readonly rest?: number
  readonly checksum?: number
}

/** An IPv4 packet: at most one of tcp, udp and icmp; with none, the payload follows the IP header. */
export interface PacketSpec {
  readonly ip?: Ipv4Fields
  readonly tcp?: TcpFields
  readonly udp?: UdpFields
  readonly icmp?: IcmpFields
  readonly payload?: string | Uint8Array
}

export interface FrameSpec extends PacketSpec {
  readonly ethernet?: EthernetFields
  /** Tags from the outside in: 802.1Q each, or 802.1ad outside where there are two. */
  readonly vlans?: readonly number[]
}

export const protocolNumbers = { icmp: 1, ipip: 4, tcp: 6, udp: 17 } as const
export const etherTypes = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, qinq: 0x88a8 } as const
/** By letter, in the order of their bits from the lowest. */
export const tcpFlagLetters = 'FSRPAUEC'

export const defaultAddresses = {
  clientMac: '02:00:00:00:00:01',
  directorMac: '02:00:00:00:00:02',
  cip: '198.51.100.1',
  vip: '192.0.2.10',
} as const

/** The Internet checksum (RFC 1071) of some bytes, starting from a partial sum. 0 over data that holds a right checksum. */
export function checksum(bytes: Uint8Array, partial = 0): number {
  let sum = partial
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}

/** A MAC address as bytes. */
export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex')
}

/** An Ethernet frame around a packet, without padding to 60 bytes. */
export function frame(spec: FrameSpec = {}): Buffer {
  return Buffer.concat([ethernetHeader(spec), packet(spec)])
}

/** A frame that carries `inner` in an outer IPv4 header, as LVS/TUN sends it. */
export function ipip(
  outer: Omit<FrameSpec, 'tcp' | 'udp' | 'icmp' | 'payload'>,
  inner: PacketSpec | Uint8Array,
): Buffer {
  const payload = inner instanceof Uint8Array ? inner : packet(inner)
  return frame({ ...outer, ip: { protocol: protocolNumbers.ipip, ...outer.ip }, payload })
}

/** An IPv4 packet without a link layer. */
export function packet(spec: PacketSpec): Buffer {
  const payload = Buffer.from(spec.payload ?? '')
  const { source = defaultAddresses.cip, destination = defaultAddresses.vip } = spec.ip ?? {}
  const protocol = spec.udp ? protocolNumbers.udp : spec.icmp ? protocolNumbers.icmp : protocolNumbers.tcp
  const ip = { protocol, ...spec.ip, source, destination }

  const addresses = Buffer.alloc(8)
  addresses.writeUInt32BE(addressToNumber(source), 0)
  addresses.writeUInt32BE(addressToNumber(destination), 4)

  const body = spec.tcp
    ? tcpSegment(spec.tcp, payload, addresses)
    : spec.udp
      ? udpDatagram(spec.udp, payload, addresses)
      : spec.icmp
        ? icmpMessage(spec.icmp, payload)
        : payload
  return Buffer.concat([ipv4Header(ip, body.length, addresses), body])
}

function ethernetHeader({ ethernet = {}, vlans = [] }: FrameSpec): Buffer {
  const { destination = defaultAddresses.directorMac, source = defaultAddresses.clientMac } = ethernet
  const words: number[] = []
  for (const [i, vlan] of vlans.entries()) {
    words.push(i < vlans.length - 1 ? etherTypes.qinq : etherTypes.vlan, vlan)
  }
  words.push(ethernet.etherType ?? etherTypes.ipv4)
  const tail = Buffer.alloc(2 * words.length)
  for (const [i, word] of words.entries()) tail.writeUInt16BE(word, 2 * i)
  return Buffer.concat([macBytes(destination), macBytes(source), tail])
}

function ipv4Header(ip: Ipv4Fields & { readonly protocol: number }, bodyLength: number, addresses: Buffer): Buffer {
  const options = padTo4(ip.options)
  const header = Buffer.alloc(20 + options.length)
  const { version = 4, ihl = header.length / 4, fragmentOffset = 0 } = ip
  header.writeUInt8((version << 4) | ihl, 0)
  header.writeUInt8(ip.tos ?? 0, 1)
  header.writeUInt16BE(ip.totalLength ?? header.length + bodyLength, 2)
  header.writeUInt16BE(ip.id ?? 0, 4)
  header.writeUInt16BE((ip.df ? 0x4000 : 0) | (ip.mf ? 0x2000 : 0) | (fragmentOffset >>> 3), 6)
  header.writeUInt8(ip.ttl ?? 64, 8)
  header.writeUInt8(ip.protocol, 9)
  header.set(addresses, 12)
  header.set(options, 20)
  header.writeUInt16BE(ip.checksum ?? checksum(header), 10)
  return header
}

function tcpSegment(tcp: TcpFields, payload: Buffer, addresses: Buffer): Buffer {
  const options = padTo4(tcp.options)
  const segment = Buffer.concat([Buffer.alloc(20), options, payload])
  segment.writeUInt16BE(tcp.sport ?? 40000, 0)
  segment.writeUInt16BE(tcp.dport ?? 80, 2)
  segment.writeUInt32BE(tcp.seq ?? 1, 4)
  segment.writeUInt32BE(tcp.ack ?? 0, 8)
  segment.writeUInt8((tcp.dataOffset ?? 5 + options.length / 4) << 4, 12)
  segment.writeUInt8(tcpFlagBits(tcp.flags ?? 'S'), 13)
  segment.writeUInt16BE(tcp.window ?? 0xffff, 14)
  segment.writeUInt16BE(tcp.checksum ?? transportChecksum(segment, addresses, protocolNumbers.tcp), 16)
  return segment
}

function udpDatagram(udp: UdpFields, payload: Buffer, addresses: Buffer): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(8), payload])
  datagram.writeUInt16BE(udp.sport ?? 40000, 0)
  datagram.writeUInt16BE(udp.dport ?? 53, 2)
  datagram.writeUInt16BE(udp.length ?? datagram.length, 4)
  // A sum of 0 would mean "no checksum" (RFC 768).
  const sum = transportChecksum(datagram, addresses, protocolNumbers.udp) || 0xffff
  datagram.writeUInt16BE(udp.checksum ?? sum, 6)
  return datagram
}

function icmpMessage(icmp: IcmpFields, payload: Buffer): Buffer {
  const message = Buffer.concat([Buffer.alloc(8), payload])
  message.writeUInt8(icmp.type ?? 8, 0)
  message.writeUInt8(icmp.code ?? 0, 1)
  message.writeUInt32BE(icmp.rest ?? 0, 4)
  message.writeUInt16BE(icmp.checksum ?? checksum(message), 2)
  return message
}

function transportChecksum(segment: Buffer, addresses: Buffer, protocol: number): number {
  const pseudoHeader = Buffer.alloc(12)
  pseudoHeader.set(addresses, 0)
  pseudoHeader.writeUInt8(protocol, 9)
  pseudoHeader.writeUInt16BE(segment.length, 10)
  return checksum(segment, ~checksum(pseudoHeader) & 0xffff)
}

function tcpFlagBits(letters: TcpFlags): number {
  let bits = 0
  for (const letter of letters) {
    const bit = tcpFlagLetters.indexOf(letter)
    if (bit < 0) throw new RangeError(`TCP flag '${letter}': not one of ${tcpFlagLetters}`)
    bits |= 1 << bit
  }
  return bits
}

function padTo4(options: Uint8Array = new Uint8Array()): Buffer {
  const padded = Buffer.alloc(Math.ceil(options.length / 4) * 4)
  padded.set(options)
  return padded
}
