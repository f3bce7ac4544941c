import { byteAt, word16At } from './words.js'

/** IP protocol numbers. */
export const ipProtocol = { ICMP: 1, TCP: 6, UDP: 17 } as const

/** TCP flags as they stand in byte 13 of the header. */
export const tcpFlag = { FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10 } as const

/** Bits of the fragment field of the IP header, in host order. */
export const ipFragment = { MF: 0x2000, DF: 0x4000, OFFSET: 0x1fff } as const

/** Bytes of an IPv4 header without options. */
export const ipHeaderLength = 20

/** Bytes of an IPv4 header, as it says itself. */
export function headerLengthAt(bytes: Buffer, at: number): number {
  return (byteAt(bytes, at) & 0x0f) * 4
}

/** Whether it may not be fragmented. */
export function hasDf(bytes: Buffer, at: number): boolean {
  return (word16At(bytes, at + 6) & ipFragment.DF) !== 0
}

/** Ones' complement sum of 16-bit words (RFC 1071), as a checksum field has it: 0 over what has a right one. */
export function checksum(bytes: Buffer, from: number, to: number): number {
  let sum = 0
  for (let at = from; at + 1 < to; at += 2) sum += word16At(bytes, at)
  if ((to - from) % 2 === 1) sum += byteAt(bytes, to - 1) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
