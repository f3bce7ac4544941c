import { IPVS_CMD } from '../../../src/ipvs/codec/ipvs.js'
import { ipvsFamilyId } from '../../../src/ipvs/server/families.js'
import { attribute, GENL_ID_CTRL, generic, message, NLM_F_ACK, NLM_F_DUMP, u16 } from '../../lib/netlink-message.js'

export const NLM_F_REQUEST = 0x1
export const requestFlags = NLM_F_REQUEST | NLM_F_ACK
export const dumpFlags = NLM_F_REQUEST | NLM_F_DUMP

/** Any will do: both directors get the same. */
const asked = { seq: 7, pid: 0 }

/** Attributes as bytes, in the order of a client's. */
export type Attributes = Readonly<Record<string, Buffer>>

/** What is left out or put in another's place: an attribute's bytes by its name, undefined for none. */
export type Change = Readonly<Record<string, Buffer | undefined>>

const serviceAttributes: Attributes = {
  af: attribute(1, u16(2)),
  protocol: attribute(2, u16(6)),
  addr: attribute(3, address('192.0.2.240')),
  port: attribute(4, be16(80)),
  sched: attribute(6, 'rr'),
  flags: attribute(7, Buffer.concat([u32(0), u32(0xffff_ffff)])),
  timeout: attribute(8, u32(0)),
  netmask: attribute(9, u32(0xffff_ffff)),
}

const destAttributes: Attributes = {
  af: attribute(11, u16(2)),
  addr: attribute(1, address('10.0.0.11')),
  port: attribute(2, be16(80)),
  method: attribute(3, u32(3)),
  weight: attribute(4, u32(1)),
  upper: attribute(5, u32(0)),
  lower: attribute(6, u32(0)),
}

/** IPVS_CMD_ATTR_SERVICE of tcp 192.0.2.240:80 by rr, with changes. */
export function service(change: Change = {}): Buffer {
  return attribute(1, changed(serviceAttributes, change))
}

/** IPVS_CMD_ATTR_DEST of 10.0.0.11:80 by DR with weight 1, with changes. */
export function dest(change: Change = {}): Buffer {
  return attribute(2, changed(destAttributes, change))
}

/** A command of IPVS's. */
export function ipvs(command: keyof typeof IPVS_CMD | number, flags: number, ...attributes: readonly Buffer[]): Buffer {
  const number = typeof command === 'number' ? command : IPVS_CMD[command]
  return message(ipvsFamilyId, flags, asked, generic(number, ...attributes))
}

/** A command of the controller's. */
export function controller(command: number, ...attributes: readonly Buffer[]): Buffer {
  return message(GENL_ID_CTRL, requestFlags, asked, generic(command, ...attributes))
}

/** A message with any payload. */
export function raw(flags: number, payload: Buffer): Buffer {
  return message(ipvsFamilyId, flags, asked, payload)
}

/** Names of the attributes that make a service or a real server. */
export const namesOf = { service: Object.keys(serviceAttributes), dest: Object.keys(destAttributes) }

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** union nf_inet_addr of an IPv4 address. */
export function address(text: string): Buffer {
  return Buffer.concat([Buffer.from(text.split('.').map(Number))], 16)
}

function changed(attributes: Attributes, change: Change): Buffer {
  return Buffer.concat(Object.values({ ...attributes, ...change }).filter((bytes) => bytes !== undefined))
}
