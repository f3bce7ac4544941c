/** ICMP errors about tunnels to real servers, made errors about the client's packet (tunnel_error.h). */
import { forward, verdict } from '../tables/layout.gen.js'
import type { Found } from './connections.js'
import { type IcmpBudget, type IcmpError, icmpPacket, isFragNeeded } from './icmp.js'
import { checksum, ipHeaderLength } from './ipv4.js'
import { ipFragment, type Packet } from './packet.js'
import type { Outcome } from './program.js'
import type { Way } from './way.js'

/** The path MTU is passed on less the outer header if more than this would be left (RFC 791). */
const ipv4MinMtu = 68

export function tunnelError(p: Packet, found: Found, budget: IcmpBudget, way: Way, now: number): Outcome {
  const { bytes } = p
  const icmpAt = p.at + p.headerLength
  const isOurs = found.forward === forward.TUNNEL && way.rip === p.rip && way.saddr === bytes.readUInt32LE(p.at + 16)
  if (!isOurs || p.innerAt + ipHeaderLength > p.end) return { verdict: verdict.PASS_ICMP }
  const told: IcmpError = {
    type: bytes.readUInt8(icmpAt),
    code: bytes.readUInt8(icmpAt + 1),
    rest: bytes.readUInt32BE(icmpAt + 4),
  }
  if (!budget.allows(told, now)) return { verdict: verdict.DROP_TUNNEL_ERROR }
  const areRight = checksum(bytes, p.at, icmpAt) === 0 && checksum(bytes, icmpAt, p.at + p.ipLength) === 0
  if (!areRight) return { verdict: verdict.MALFORMED_CHECKSUM }
  if (!isFragNeeded(told)) return passOn(p, told)
  const rest = learnFrom(told, way, now)
  const hasDf = (bytes.readUInt16BE(p.innerAt + 6) & ipFragment.DF) !== 0
  return hasDf ? passOn(p, { ...told, rest }) : { verdict: verdict.DROP_TUNNEL_ERROR }
}

/** The MTU that the client is told: the path's as it is known now, less the outer header. */
function learnFrom({ rest }: IcmpError, way: Way, now: number): number {
  const mtu = Math.min(way.learnPathMtu(rest & 0xffff, now), way.mtu)
  return mtu > ipv4MinMtu + ipHeaderLength ? mtu - ipHeaderLength : mtu
}

function passOn(p: Packet, error: IcmpError): Outcome {
  const length = p.at + p.ipLength - p.innerAt
  return { verdict: verdict.ICMP_TUNNEL_ERROR, packet: icmpPacket(p.bytes.subarray(p.innerAt, p.end), length, error) }
}
