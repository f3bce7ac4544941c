/** ICMP errors to clients, as icmp_send() makes them (icmp.h). */
import { sharedConstant, verdict } from '../tables/layout.gen.js'
import { checksum, ipHeaderLength } from './ipv4.js'
import { ipProtocol, type Span, wholeOf } from './packet.js'
import { icmpCode, icmpHeaderLength, icmpType } from './parse-icmp.js'

const headersLength = ipHeaderLength + icmpHeaderLength
/** An error is at most 576 bytes long (RFC 1812, 4.3.2.3); this is what is left for the quote. */
const quoteMax = 576 - headersLength
const ttl = 64
/** Precedence "internetwork control". */
const precedence = 0xc0

/** What an error says. */
export interface IcmpError {
  readonly type: number
  readonly code: number
  /** The second word: unused, or the MTU in the low half (RFC 1191). */
  readonly rest: number
}

/** The error that a verdict stands for. @param mtu for frag-needed: the largest packet that would have passed. */
export function errorOf(given: number, mtu: number): IcmpError {
  if (given === verdict.ICMP_TIME_EXCEEDED) return { type: icmpType.TIME_EXCEEDED, code: icmpCode.EXC_TTL, rest: 0 }
  if (given === verdict.ICMP_FRAG_NEEDED) return { type: icmpType.DEST_UNREACH, code: icmpCode.FRAG_NEEDED, rest: mtu }
  return { type: icmpType.DEST_UNREACH, code: icmpCode.PORT_UNREACH, rest: 0 }
}

/** What becomes of a packet whose error is not sent. */
export function withoutIcmp(given: number): number {
  if (given === verdict.ICMP_TIME_EXCEEDED) return verdict.DROP_TTL
  return given === verdict.ICMP_FRAG_NEEDED ? verdict.DROP_TOO_BIG : verdict.DROP_NO_SERVER
}

export function isFragNeeded({ type, code }: Pick<IcmpError, 'type' | 'code'>): boolean {
  return type === icmpType.DEST_UNREACH && code === icmpCode.FRAG_NEEDED
}

/** The limit on errors; path MTU discovery has none. */
export class IcmpBudget {
  #tick = 0
  #sent = 0

  allows(error: IcmpError, now: number): boolean {
    if (isFragNeeded(error)) return true
    if (this.#tick !== now) {
      this.#tick = now
      this.#sent = 0
    }
    return this.#sent++ < sharedConstant.ICMP_PER_TICK
  }
}

/**
 * An error about a packet, from the address that it was for, back to where it came from.
 * @param about the packet, from its IP header on. @param length of it that may be quoted, in bytes.
 */
export function icmpPacket(about: Buffer, length: number, { type, code, rest }: IcmpError): Span {
  const quote = Math.min(length, quoteMax)
  const out = Buffer.alloc(headersLength + quote)
  out.writeUInt8(0x45, 0)
  out.writeUInt8((about.readUInt8(1) & 0x1e) | precedence, 1)
  out.writeUInt16BE(out.length, 2)
  about.copy(out, 4, 4, 6)
  out.writeUInt8(ttl, 8)
  out.writeUInt8(ipProtocol.ICMP, 9)
  about.copy(out, 12, 16, 20)
  about.copy(out, 16, 12, 16)
  out.writeUInt16BE(checksum(out, 0, ipHeaderLength), 10)
  out.writeUInt8(type, ipHeaderLength)
  out.writeUInt8(code, ipHeaderLength + 1)
  out.writeUInt32BE(rest, ipHeaderLength + 4)
  about.copy(out, headersLength, 0, quote)
  out.writeUInt16BE(checksum(out, ipHeaderLength, out.length), ipHeaderLength + 2)
  return wholeOf(out)
}
