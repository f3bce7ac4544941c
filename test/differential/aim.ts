/** Ids of IP headers at which checksums carry: chance would hit one in ten thousand. */
import { addressToNumber } from '../../src/core/address.js'
import { checksum, defaultAddresses, type PacketSpec, packet } from '../lib/packet.js'
import type { Choice } from './world.js'

/** Checksums that change most when the TTL goes down, in wire order. */
const edges = [0x0000, 0x0001, 0x00ff, 0x0100, 0xfe00, 0xfefe, 0xfeff, 0xff00, 0xfffe, 0xffff]

/** Gives a packet the id with which its own header has a checksum at an edge. */
export function aimAtTtl(choice: Choice, spec: PacketSpec): PacketSpec {
  const header = packet({ ...spec, ip: { ...spec.ip, id: 0, checksum: 0 } })
  const length = Math.min((header.readUInt8(0) & 0x0f) * 4, header.length)
  const sum = ~checksum(header.subarray(0, length)) & 0xffff
  const wanted = ~choice.of(edges) & 0xffff
  return { ...spec, ip: { ...spec.ip, id: (wanted - sum + 0xffff) % 0xffff } }
}

/**
 * Makes a packet one that is answered with an ICMP error, and gives it the id with which the sum of that error's header
 * carries when it is folded the second time.
 */
export function aimAtFold(choice: Choice, spec: PacketSpec): PacketSpec {
  const { source = defaultAddresses.cip, destination = defaultAddresses.vip, tos = 0 } = spec.ip ?? {}
  const length = 28 + Math.min(packet(spec).length, 548)
  const header = Buffer.alloc(20)
  header.writeUInt16BE(0x4500 | (tos & 0x1e) | 0xc0, 0)
  header.writeUInt16BE(length, 2)
  header.writeUInt16BE(0x4001, 8)
  header.writeUInt32BE(addressToNumber(destination), 12)
  header.writeUInt32BE(addressToNumber(source), 16)
  // Words as the machine adds them up.
  let sum = 0
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16LE(at)
  const id = Buffer.alloc(2)
  id.writeUInt16LE((0xffff - (sum & 0xffff) - choice.below(2)) & 0xffff)
  return { ...spec, ip: { ...spec.ip, ttl: 1, id: id.readUInt16BE(0) } }
}
