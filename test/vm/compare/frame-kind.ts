/** Properties of frames that the differences which are meant go by. Frames without VLAN tags. */
import { checksum, frame, protocolNumbers } from '../../lib/packet.js'
import { director, narrow } from './plan.js'
import type { StepFrame } from './step.js'

const ethernetBytes = 14
const headerBytes = 20
const icmpOffset = ethernetBytes + headerBytes
/** Type 3, code 4. */
const fragNeeded = 0x0304

/** Whether a frame's outermost IP header has this source. */
export function isFrom(bytes: Buffer, address: string): boolean {
  return sourceOf(bytes) === address
}

/** Whether it has a source of a network, written `A.B.C.0/24`. */
export function isFromHostOf(bytes: Buffer, network: string): boolean {
  return sourceOf(bytes).startsWith(network.replace(/0\/24$/, ''))
}

/** The source of the outermost IP header. */
export function sourceOf(bytes: Buffer): string {
  return bytes.subarray(ethernetBytes + 12, ethernetBytes + 16).join('.')
}

/** A frame with the id of its outermost IP header as 0. A wrong checksum stays: it is a difference. */
export function withoutId(bytes: Buffer): Buffer {
  if (checksum(headerAt(bytes, ethernetBytes)) !== 0) return bytes
  const copy = Buffer.from(bytes)
  copy.fill(0, ethernetBytes + 4, ethernetBytes + 6)
  copy.fill(0, ethernetBytes + 10, ethernetBytes + 12)
  return copy
}

/** A frame without what follows its IP packet. */
export function withoutPadding(bytes: Buffer): Buffer {
  return bytes.subarray(0, ethernetBytes + bytes.readUInt16BE(ethernetBytes + 2))
}

/** ICMP "fragmentation needed" (RFC 1191) with the MTU that it tells as 0. A wrong checksum stays: it is a difference. */
export function withoutMtuInFragNeeded(bytes: Buffer): Buffer {
  const isOne = bytes[ethernetBytes + 9] === protocolNumbers.icmp && bytes.readUInt16BE(icmpOffset) === fragNeeded
  if (!isOne || checksum(bytes.subarray(icmpOffset)) !== 0) return bytes
  const copy = Buffer.from(bytes)
  copy.fill(0, icmpOffset + 2, icmpOffset + 8)
  return copy
}

/** Whether a frame that is sent to the director is such an error. */
export function isFragNeeded({ icmp }: StepFrame): boolean {
  return icmp?.type === fragNeeded >> 8 && icmp.code === (fragNeeded & 0xff)
}

/** Whether a frame's bytes are such an error. */
export function isFragNeededFrame(bytes: Buffer): boolean {
  const [type = 0, code = 0] = transportOf(bytes)
  return bytes[ethernetBytes + 9] === protocolNumbers.icmp && ((type << 8) | code) === fragNeeded
}

/** Whether a frame that is sent to the director is an ICMP error about a tunnel from another address than the director's. */
export function isAboutOtherTunnel({ icmp, payload }: StepFrame): boolean {
  if (icmp === undefined || !(payload instanceof Uint8Array)) return false
  return payload[9] === protocolNumbers.ipip && payload.subarray(12, 16).join('.') !== director.address
}

/** The outermost IP header, as long as it says. */
export function headerOf(bytes: Buffer): Buffer {
  return headerAt(bytes, ethernetBytes)
}

/** What follows it in the packet, as long as that says it is. */
export function transportOf(bytes: Buffer): Buffer {
  return withoutPadding(bytes).subarray(ethernetBytes + headerOf(bytes).length)
}

/** Whether the innermost IP header has a wrong checksum. */
export function hasWrongIpChecksum(bytes: Buffer): boolean {
  const isTunnel = bytes[ethernetBytes + 9] === protocolNumbers.ipip
  return checksum(headerAt(bytes, isTunnel ? ethernetBytes + headerBytes : ethernetBytes)) !== 0
}

function headerAt(bytes: Buffer, offset: number): Buffer {
  return bytes.subarray(offset, offset + ((bytes[offset] ?? 0) & 0xf) * 4)
}

/** Whether a frame that is sent to the director has a part of a datagram. */
export function isFragment({ ip }: StepFrame): boolean {
  return ip?.mf === true || (ip?.fragmentOffset ?? 0) > 0
}

/** Whether a frame that is sent to the director is one that IPVS splits where it is longer than a route or a tunnel takes. */
export function isLong(spec: StepFrame): boolean {
  return (!spec.ip?.df || spec.icmp !== undefined) && frame(spec).length - ethernetBytes > narrow.mtu - headerBytes
}
