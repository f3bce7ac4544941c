/**
 * Messages by hand, as include/uapi/linux/netlink.h, genetlink.h and ip_vs.h lay them out on a little-endian machine: the codec has
 * no part in them.
 */

/** Bytes from hexadecimal digits; blanks and line ends are for the reader. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replace(/\s/g, ''), 'hex')
}

export const u8 = (value: number) => Buffer.from([value])
export const u16 = (value: number) => Buffer.from(new Uint16Array([value]).buffer)
export const u32 = (value: number) => Buffer.from(new Uint32Array([value]).buffer)
export const be16 = (value: number) => u16(value).reverse()
export const text = (value: string) => Buffer.from(`${value}\0`)
/** union nf_inet_addr. */
export const ip4 = (address: string) => Buffer.concat([Buffer.from(address.split('.').map(Number))], 16)

/** struct nlattr with its payload and padding. */
export function attr(type: number, ...payload: Buffer[]): Buffer {
  const bytes = Buffer.concat(payload)
  return Buffer.concat([u16(4 + bytes.length), u16(type), bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

export interface Envelope {
  readonly type?: number
  readonly flags?: number
  readonly seq?: number
  readonly pid?: number
}

export const ipvsId = 1023
export const [REQUEST, ACK, DUMP] = [1, 4, 0x300]

/** struct nlmsghdr with its payload, without padding. */
export function message(
  { type = ipvsId, flags = REQUEST | ACK, seq = 7, pid = 4242 }: Envelope,
  payload: Buffer,
): Buffer {
  return Buffer.concat([u32(16 + payload.length), u16(type), u16(flags), u32(seq), u32(pid), payload])
}

/** A command of generic netlink. */
export function command(cmd: number, attributes: Buffer[] = [], envelope: Envelope = {}): Buffer {
  return message(envelope, Buffer.concat([Buffer.from([cmd, 1, 0, 0]), ...attributes]))
}

export const tcp = 6
export const udp = 17

/** IPVS_CMD_ATTR_SERVICE with what makes a service. */
export function key(address: string, port: number, { protocol = tcp, more = [] as Buffer[] } = {}): Buffer {
  return attr(1, attr(1, u16(2)), attr(2, u16(protocol)), attr(3, ip4(address)), attr(4, be16(port)), ...more)
}

export interface ServiceParts {
  readonly protocol?: number
  readonly scheduler?: string
  readonly flags?: number
  readonly mask?: number
  readonly more?: Buffer[]
}

/** IPVS_CMD_ATTR_SERVICE with all that a new one needs. */
export function service(address: string, port: number, parts: ServiceParts = {}): Buffer {
  const { protocol = tcp, scheduler = 'wlc', flags = 0, mask = 0xffffffff, more = [] } = parts
  const full = [attr(6, text(scheduler)), attr(7, u32(flags), u32(mask)), attr(8, u32(0)), attr(9, u32(0xffffffff))]
  return key(address, port, { protocol, more: [...full, ...more] })
}

export interface DestParts {
  /** 3 is by routing, 2 by tunnel, 0 NAT. */
  readonly fwd?: number
  readonly weight?: number
  readonly upper?: number
  readonly lower?: number
  readonly more?: Buffer[]
}

/** IPVS_CMD_ATTR_DEST with all that a new one needs. */
export function dest(address: string, port: number, parts: DestParts = {}): Buffer {
  const { fwd = 3, weight = 1, upper = 0, lower = 0, more = [] } = parts
  const full = [attr(3, u32(fwd)), attr(4, u32(weight)), attr(5, u32(upper)), attr(6, u32(lower))]
  return attr(2, attr(1, ip4(address)), attr(2, be16(port)), ...full, ...more)
}

/** IPVS_CMD_ATTR_DEST with what makes one. */
export function destKey(address: string, port: number): Buffer {
  return attr(2, attr(1, ip4(address)), attr(2, be16(port)))
}
