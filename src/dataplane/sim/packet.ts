import { word16At } from './words.js'

/** What a stage returns when the packet goes on to the next one; otherwise it returns the verdict (packet.h). */
export const goOn = -1

/** IP protocol numbers. */
export const ipProtocol = { ICMP: 1, IPIP: 4, TCP: 6, UDP: 17 } as const

/** TCP flags as they stand in byte 13 of the header. */
export const tcpFlag = { FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10 } as const

/** Bytes of a packet, from its IP header on, in memory where there may be others. */
export interface Span {
  readonly bytes: Buffer
  /** Where it begins in the bytes, and where it ends. */
  readonly from: number
  readonly end: number
}

/** A packet that has a buffer of its own. */
export function wholeOf(bytes: Buffer): Span {
  return { bytes, from: 0, end: bytes.length }
}

/** Bytes before a packet that are free for an outer header. */
export const headroom = 20

/** Bits of the fragment field of the IP header, in host order. */
export const ipFragment = { MF: 0x2000, DF: 0x4000, OFFSET: 0x1fff } as const

/**
 * What is known of a packet: struct packet of packet.h. One object is used for one packet after the other. Addresses and ports
 * are numbers as their bytes stand in memory, in wire order read as little-endian: the hash and the tables have them so.
 */
export class Packet {
  /** Memory with a frame or a datagram in it. */
  bytes: Buffer = Buffer.alloc(0)
  /** Where in it the IP header begins, {@link headroom} behind the beginning or more. */
  at = 0
  /** Where the frame or datagram ends; what is behind the IP packet in it, padding, goes along. */
  end = 0
  /** Bytes of the IP header, and of the IP packet. */
  headerLength = 0
  ipLength = 0
  cip = 0
  vip = 0
  cport = 0
  vport = 0
  protocol = 0
  tcpFlags = 0
  /** An ICMP error: the tuple is that of the packet of ours that it quotes. */
  isIcmpError = false
  /** An ICMP error about a tunnel: the real server at its end. Otherwise 0. */
  rip = 0
  /** And where in the bytes the quoted packet of the client begins. */
  innerAt = 0
  /** Bytes that the way has to take: those of the packet, or fewer if whoever sends it cuts it. */
  needed = 0

  get fragment(): number {
    return word16At(this.bytes, this.at + 6)
  }

  get hasDf(): boolean {
    return (this.fragment & ipFragment.DF) !== 0
  }
}

/** Whether a packet cannot have come from where it says, as the kernel sees it before IPVS does: is_martian() of tuple.h. */
export function isMartian({ cip, vip }: Packet): boolean {
  const first = cip & 0xff
  return cip === 0 || first === 127 || first >= 224 || cip === vip
}
