/** Packets that are longer than the way takes: cut into TCP segments, or into fragments. */
import { checksum, headerLengthAt, ipFragment, ipHeaderLength, ipProtocol, tcpFlag } from './ipv4.js'
import { renewChecksum } from './offload.js'

/** PSH, which like FIN belongs to the last byte. */
const psh = 0x08
const cwr = 0x80
/** linux/ip.h. */
const ipOption = { END: 0, NOOP: 1, COPY: 0x80 } as const

/**
 * Hands on the pieces of a packet, none of them longer than `mtu` bytes.
 * @param packet from its IP header on. @param tunnelled it has an outer header, of 20 bytes.
 */
export function cut(packet: Buffer, tunnelled: boolean, mtu: number, send: (piece: Buffer) => void): void {
  const innerAt = tunnelled ? ipHeaderLength : 0
  if (packet.readUInt8(innerAt + 9) === ipProtocol.TCP) segment(packet, innerAt, mtu, send)
  else fragment(packet, tunnelled, mtu, send)
}

/**
 * What GRO has put together, or TSO not yet taken apart, is made segments again (tcp_gso_segment() of net/ipv4/tcp_offload.c).
 * A TCP segment may be cut whatever it was: its receiver sees a stream.
 */
function segment(packet: Buffer, innerAt: number, mtu: number, send: (piece: Buffer) => void): void {
  const tcpAt = innerAt + headerLengthAt(packet, innerAt)
  const dataAt = tcpAt + (packet.readUInt8(tcpAt + 12) >> 4) * 4
  const room = mtu - dataAt
  if (room <= 0) return
  const sequence = packet.readUInt32BE(tcpAt + 4)
  const flags = packet.readUInt8(tcpAt + 13)
  let number = 0
  for (let at = dataAt; at < packet.length; at += room, number++) {
    const end = Math.min(at + room, packet.length)
    const piece = Buffer.concat([packet.subarray(0, dataAt), packet.subarray(at, end)])
    for (const header of innerAt > 0 ? [0, innerAt] : [0]) {
      piece.writeUInt16BE(piece.length - header, header + 2)
      piece.writeUInt16BE((packet.readUInt16BE(header + 4) + number) & 0xffff, header + 4)
    }
    if (innerAt > 0) renewHeaderChecksum(piece, innerAt)
    piece.writeUInt32BE((sequence + at - dataAt) >>> 0, tcpAt + 4)
    const notLast = end < packet.length ? tcpFlag.FIN | psh : 0
    const notFirst = at > dataAt ? cwr : 0
    piece.writeUInt8(flags & ~(notLast | notFirst), tcpAt + 13)
    renewChecksum(piece, innerAt)
    send(piece)
  }
}

let fragmentId = 0

/** RFC 791, 3.2. Options that are not for every fragment stay with the first. */
function fragment(packet: Buffer, tunnelled: boolean, mtu: number, send: (piece: Buffer) => void): void {
  const headerLength = headerLengthAt(packet, 0)
  const room = (mtu - headerLength) & ~7
  if (room <= 0) return
  const field = packet.readUInt16BE(6)
  // The outer header's is ours to choose; of 0 the kernel would make another one for each fragment.
  if (tunnelled || packet.readUInt16BE(4) === 0) packet.writeUInt16BE(1 + (fragmentId++ % 0xffff), 4)
  for (let at = headerLength; at < packet.length; at += room) {
    const end = Math.min(at + room, packet.length)
    const piece = Buffer.concat([packet.subarray(0, headerLength), packet.subarray(at, end)])
    const more = end < packet.length ? ipFragment.MF : field & ipFragment.MF
    const offset = (field & ipFragment.OFFSET) + (at - headerLength) / 8
    piece.writeUInt16BE(piece.length, 2)
    piece.writeUInt16BE(more | offset, 6)
    if (at > headerLength) dropOptions(piece, headerLength)
    send(piece)
  }
}

function renewHeaderChecksum(packet: Buffer, at: number): void {
  packet.writeUInt16BE(0, at + 10)
  packet.writeUInt16BE(checksum(packet, at, at + headerLengthAt(packet, at)), at + 10)
}

/** ip_options_fragment() of net/ipv4/ip_options.c: what is not to be copied becomes no operation. */
function dropOptions(packet: Buffer, headerLength: number): void {
  for (let at = ipHeaderLength; at < headerLength; ) {
    const type = packet.readUInt8(at)
    if (type === ipOption.END) return
    const length = type === ipOption.NOOP ? 1 : packet.readUInt8(at + 1)
    if (length < 1 || (type !== ipOption.NOOP && length < 2) || at + length > headerLength) return
    if ((type & ipOption.COPY) === 0) packet.fill(ipOption.NOOP, at, at + length)
    at += length
  }
}
