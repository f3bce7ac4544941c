import { addressFromNumber } from '../../src/core/address.js'
import { etherTypes, protocolNumbers, tcpFlagLetters } from './packet.js'

/** One frame, decoded as far as a reader of a lab wants it. */
export interface FrameSummary {
  readonly source: string
  readonly destination: string
  /** VLAN ids from the outside in. */
  readonly vlans: readonly number[]
  /** IP headers from the outside in: two in an IPIP frame, none in a frame that is not IPv4. */
  readonly packets: readonly PacketSummary[]
  /** What follows the addresses where there is no IPv4 header. */
  readonly etherType: number
}

export interface PacketSummary {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly ttl: number
  readonly tos: number
  readonly totalLength: number
  readonly df: boolean
  /** Absent where the transport header is not TCP or UDP or is not there. */
  readonly sport?: number
  readonly dport?: number
  /** TCP flags as letters, in the order that tcpdump uses. */
  readonly flags?: string
}

/** Decodes a frame. Bytes that are missing end the decoding; nothing throws. */
export function decode(frame: Uint8Array): FrameSummary {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  const vlans: number[] = []
  let offset = 12
  let etherType = word(bytes, offset)
  while (etherType === etherTypes.vlan || etherType === etherTypes.qinq) {
    vlans.push(word(bytes, offset + 2) & 0xfff)
    offset += 4
    etherType = word(bytes, offset)
  }
  return {
    destination: mac(bytes.subarray(0, 6)),
    source: mac(bytes.subarray(6, 12)),
    vlans,
    packets: etherType === etherTypes.ipv4 ? decodePackets(bytes.subarray(offset + 2)) : [],
    etherType,
  }
}

/**
 * A frame as one readable line:
 * `02:…:01 > 02:…:02 | 10.0.0.1 > 10.0.0.2 ipip ttl 64 | 198.51.100.1:40000 > 192.0.2.10:80 tcp S ttl 63 len 40`.
 */
export function describe(frame: Uint8Array): string {
  if (frame.length < 14) return `${frame.length} bytes, too short for Ethernet`
  const { source, destination, vlans, packets, etherType } = decode(frame)
  const link = [`${source} > ${destination}`, ...vlans.map((vlan) => `vlan ${vlan}`)].join(' ')
  if (packets.length === 0) return `${link} | ethertype 0x${etherType.toString(16).padStart(4, '0')}`
  return [link, ...packets.map(describePacket)].join(' | ')
}

/** The IP and transport part of such a line. */
export function describePacket(packet: PacketSummary): string {
  const { source, destination, sport, dport, protocol, flags, ttl, totalLength, df, tos } = packet
  const addresses = sport === undefined ? `${source} > ${destination}` : `${source}:${sport} > ${destination}:${dport}`
  const name = Object.entries(protocolNumbers).find(([, number]) => number === protocol)?.[0] ?? `protocol ${protocol}`
  const words = [addresses, name]
  if (flags !== undefined) words.push(flags || '-')
  words.push(`ttl ${ttl}`, `len ${totalLength}`)
  if (tos !== 0) words.push(`tos 0x${tos.toString(16)}`)
  if (df) words.push('df')
  return words.join(' ')
}

function decodePackets(bytes: Buffer): PacketSummary[] {
  if (bytes.length < 20) return []
  const headerLength = ((bytes[0] ?? 0) & 0xf) * 4
  const fragment = word(bytes, 6)
  const protocol = bytes[9] ?? 0
  const body = bytes.subarray(headerLength)
  const hasTransport = (fragment & 0x1fff) === 0
  const summary: PacketSummary = {
    source: addressFromNumber(bytes.readUInt32BE(12)),
    destination: addressFromNumber(bytes.readUInt32BE(16)),
    protocol,
    ttl: bytes[8] ?? 0,
    tos: bytes[1] ?? 0,
    totalLength: word(bytes, 2),
    df: (fragment & 0x4000) !== 0,
    ...(hasTransport ? decodeTransport(protocol, body) : {}),
  }
  const inner = protocol === protocolNumbers.ipip && hasTransport ? decodePackets(body) : []
  return [summary, ...inner]
}

function decodeTransport(protocol: number, body: Buffer): Pick<PacketSummary, 'sport' | 'dport' | 'flags'> {
  if (protocol === protocolNumbers.tcp && body.length >= 14) {
    const bits = body[13] ?? 0
    const flags = [...tcpFlagLetters].filter((_, bit) => bits & (1 << bit)).join('')
    return { sport: word(body, 0), dport: word(body, 2), flags }
  }
  if (protocol === protocolNumbers.udp && body.length >= 4) return { sport: word(body, 0), dport: word(body, 2) }
  return {}
}

function word(bytes: Buffer, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0)
}

function mac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
