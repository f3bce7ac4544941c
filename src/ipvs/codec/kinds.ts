/**
 * Kinds of values that attributes have: how they are checked, as validate_nla() in lib/nlattr.c does for a policy that is
 * parsed liberally, how they are read and written. Of a number that is too long the first bytes count, as in the kernel.
 */
import { NetlinkError } from './error.js'
import type { Writer } from './writer.js'

export interface Kind<T> {
  /** @throws NetlinkError ERANGE, or EINVAL for a string without its end. */
  decode(payload: Buffer): T
  encode(writer: Writer, value: T): void
}

function atLeast(payload: Buffer, bytes: number): Buffer {
  if (payload.length < bytes) throw new NetlinkError('ERANGE', `${payload.length} bytes where ${bytes} are needed`)
  return payload
}

/** NLA_BINARY: at most so many bytes; what is missing is 0, as nla_memcpy() leaves it. */
function padded(payload: Buffer, bytes: number): Buffer {
  if (payload.length > bytes) throw new NetlinkError('ERANGE', `${payload.length} bytes where ${bytes} are the most`)
  return Buffer.concat([payload], bytes)
}

export const u8: Kind<number> = {
  decode: (payload) => atLeast(payload, 1).readUInt8(),
  encode: (writer, value) => writer.u8(value),
}

export const u16: Kind<number> = {
  decode: (payload) => atLeast(payload, 2).readUInt16LE(),
  encode: (writer, value) => writer.u16(value),
}

export const u32: Kind<number> = {
  decode: (payload) => atLeast(payload, 4).readUInt32LE(),
  encode: (writer, value) => writer.u32(value),
}

/** A counter of which the lower 32 bits are told. */
export const low32: Kind<number> = {
  decode: u32.decode,
  encode: (writer, value) => writer.u32(value % 2 ** 32),
}

/** Exact below 2^53. */
export const u64: Kind<number> = {
  decode: (payload) => Number(atLeast(payload, 8).readBigUInt64LE()),
  encode: (writer, value) => writer.u64(value),
}

/** In network order. */
export const be16: Kind<number> = {
  decode: (payload) => atLeast(payload, 2).readUInt16BE(),
  encode: (writer, value) => writer.be16(value),
}

/** In network order. */
export const be32: Kind<number> = {
  decode: (payload) => atLeast(payload, 4).readUInt32BE(),
  encode: (writer, value) => writer.be32(value),
}

/** union nf_inet_addr: 16 bytes in network order, of which an IPv4 address takes the first 4. */
export const inetAddress: Kind<Uint8Array> = {
  decode: (payload) => padded(payload, 16),
  encode: (writer, value) => writer.bytes(value),
}

/** struct in6_addr. */
export const in6Address: Kind<Uint8Array> = {
  decode: (payload) => atLeast(payload, 16).subarray(0, 16),
  encode: (writer, value) => writer.bytes(value),
}

/** struct ip_vs_flags: `mask` has the bits of `flags` that count. */
export interface IpvsFlags {
  readonly flags: number
  readonly mask: number
}

export const ipvsFlags: Kind<IpvsFlags> = {
  decode(payload) {
    const bytes = padded(payload, 8)
    return { flags: bytes.readUInt32LE(0), mask: bytes.readUInt32LE(4) }
  },
  encode(writer, { flags, mask }) {
    writer.u32(flags)
    writer.u32(mask)
  },
}

/** NLA_NUL_STRING: at most so many characters before the NUL. */
export function nulString(most: number): Kind<string> {
  return {
    decode(payload) {
      const end = payload.subarray(0, most + 1).indexOf(0)
      if (end < 0) throw new NetlinkError('EINVAL', `no NUL among the first ${most + 1} of ${payload.length} bytes`)
      const characters = payload.at(-1) === 0 ? payload.length - 1 : payload.length
      if (characters > most) throw new NetlinkError('ERANGE', `${characters} characters where ${most} are the most`)
      return payload.toString('latin1', 0, end)
    },
    encode(writer, value) {
      writer.bytes(Buffer.from(`${value}\0`, 'latin1'))
    },
  }
}

/** NLA_BINARY of any length. */
export const binary: Kind<Uint8Array> = {
  decode: (payload) => payload,
  encode: (writer, value) => writer.bytes(value),
}
