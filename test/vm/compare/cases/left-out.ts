import { addressFromNumber } from '../../../../src/core/address.js'
import { flowPorts } from '../../../differential/frames.js'
import { checksum, etherTypes, macBytes, protocolNumbers } from '../../../lib/packet.js'
import { headerOf, isFragNeededFrame, sourceOf, transportOf } from '../frame-kind.js'
import { clientPrefixes, director, neighbours } from '../plan.js'

/** The services of this port have one real server, behind a tunnel. */
export const tunnelledPort = 443

/** Of Ethernet, with headers that rules can look at, and without the checksum at the end. */
const [shortest, longest] = [34, 1514]
/** The smallest path MTU that is believed (ip_rt_min_pmtu in net/ipv4/route.c), less a tunnel's header. */
const leastMtu = 552 - 20
/** RFC 1812, 4.3.2.3. */
const longestError = 576
const sctp = 132
const gatewayMac = macBytes(neighbours.gateway.mac)

/** Whether a frame of the generator of test/differential is not given to both directors: no comparison would make sense. */
export function isLeftOut(frame: Buffer): boolean {
  if (frame.length < shortest || frame.length > longest) return true
  // xlvs answers whom it has a frame from, a kernel whom its routes name.
  if (!frame.subarray(6, 12).equals(gatewayMac)) return true
  const type = frame.readUInt16BE(12)
  // A tagged frame belongs to another interface of the kernel, which has none.
  if (type === etherTypes.vlan || type === etherTypes.qinq) return true
  return type === etherTypes.ipv4 && isLeftOutPacket(frame)
}

function isLeftOutPacket(frame: Buffer): boolean {
  // Differences that are meant, by their names in docs/differences.md; their counters would differ for good.
  const isMeant =
    checksum(headerOf(frame)) !== 0 || isFragment(frame) || (!hasDf(frame) && frame.length - 14 > leastMtu)
  if (isMeant) return true
  switch (frame[23]) {
    case protocolNumbers.tcp:
      return !isFromClient(frame) || hasBrokenTcp(transportOf(frame)) || closes(transportOf(frame))
    case protocolNumbers.udp:
      return !isFromClient(frame) || hasBrokenUdp(transportOf(frame))
    case protocolNumbers.icmp:
      return !isFromClient(frame) || isLeftOutError(frame)
    // IPVS schedules it, and drops what is no SCTP; xlvs leaves it to the kernel.
    case sctp:
      return true
    default:
      return false
  }
}

/** Of other sources a kernel takes some, and some it does not; xlvs looks at fewer of them. */
function isFromClient(frame: Buffer): boolean {
  return clientPrefixes.some((prefix) => sourceOf(frame).startsWith(prefix))
}

/** IPVS forwards what claims lengths that cannot be, and a kernel's own answer to it depends on GRO. */
function hasBrokenTcp(segment: Buffer): boolean {
  const header = ((segment[12] ?? 0) >> 4) * 4
  return segment.length < 20 || header < 20 || header > segment.length
}

/**
 * Of a connection that there may be, a segment after which it has ten seconds left: the end would come while others are
 * sent, by one clock before the other.
 */
function closes(segment: Buffer): boolean {
  const [rst, others] = [0x04, 0x13]
  const flags = segment[13] ?? 0
  return flowPorts.includes(segment.readUInt16BE(0)) && ((flags & rst) !== 0 || (flags & others) === 0)
}

function hasBrokenUdp(datagram: Buffer): boolean {
  return datagram.length < 8 || datagram.readUInt16BE(4) !== datagram.length
}

function isLeftOutError(frame: Buffer): boolean {
  const message = transportOf(frame)
  const quote = message.subarray(8)
  // IPVS sends long ones in fragments whatever their DF says.
  if (frame.length - 14 > leastMtu) return true
  if (quote.length < 20) return false
  // The kernel of IPVS may learn the MTU of the way to the client, and quote less in its own errors from then on.
  if (quote[9] !== protocolNumbers.ipip) return isFragNeededFrame(frame) && message.readUInt16BE(6) < longestError
  return isAboutOtherTunnel(quote)
}

/**
 * IPVS believes an error about a tunnel to any of its real servers, whoever is said to have sent the packet; xlvs that
 * about its own to the real server of the connection.
 */
function isAboutOtherTunnel(outer: Buffer): boolean {
  const inner = outer.subarray(((outer[0] ?? 0) & 0xf) * 4)
  const ports = inner.subarray(((inner[0] ?? 0) & 0xf) * 4)
  const isOurs = addressFromNumber(outer.readUInt32BE(12)) === director.address
  return !isOurs || ports.length < 4 || ports.readUInt16BE(2) !== tunnelledPort
}

function isFragment(frame: Buffer): boolean {
  return (frame.readUInt16BE(20) & 0x3fff) !== 0
}

function hasDf(frame: Buffer): boolean {
  return (frame.readUInt16BE(20) & 0x4000) !== 0
}
