/** Generic netlink messages for tests, as linux/netlink.h and linux/genetlink.h have them; host byte order is little-endian. */

export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3
export const GENL_ID_CTRL = 16
export const NLM_F_MULTI = 0x2
export const NLM_F_ACK = 0x4
export const NLM_F_DUMP = 0x300
export const NLM_F_CAPPED = 0x100

const headerLength = 16

/** What an answer repeats of its request. */
export interface Asked {
  readonly seq: number
  readonly pid: number
}

export interface Message extends Asked {
  readonly type: number
  readonly flags: number
  /** Behind the header. */
  readonly payload: Buffer
  /** All of it. */
  readonly bytes: Buffer
}

export function message(type: number, flags: number, { seq, pid }: Asked, payload: Buffer): Buffer {
  const header = Buffer.alloc(headerLength)
  header.writeUInt32LE(headerLength + payload.length, 0)
  header.writeUInt16LE(type, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt32LE(seq, 8)
  header.writeUInt32LE(pid, 12)
  return padded(Buffer.concat([header, payload]))
}

/** The header of generic netlink and attributes. */
export function generic(command: number, ...attributes: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([command, 1, 0, 0]), ...attributes])
}

export function attribute(type: number, value: Buffer | string | number): Buffer {
  const bytes = typeof value === 'number' ? u32(value) : typeof value === 'string' ? Buffer.from(`${value}\0`) : value
  const header = Buffer.alloc(4)
  header.writeUInt16LE(4 + bytes.length, 0)
  header.writeUInt16LE(type, 2)
  return padded(Buffer.concat([header, bytes]))
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}

/** NLMSG_ERROR: a refusal with the whole request, or with 0 an acknowledgement with its header. */
export function errorAnswer(request: Message, errno: number): Buffer {
  const error = Buffer.alloc(4)
  error.writeInt32LE(-errno)
  const quoted = errno === 0 ? request.bytes.subarray(0, headerLength) : request.bytes
  return message(NLMSG_ERROR, errno === 0 ? NLM_F_CAPPED : 0, request, Buffer.concat([error, quoted]))
}

export function doneAnswer(request: Message): Buffer {
  return message(NLMSG_DONE, NLM_F_MULTI, request, Buffer.alloc(4))
}

/** The whole messages at the beginning of some bytes, and what is left. */
export function split(bytes: Buffer): { messages: Message[]; rest: Buffer } {
  const messages: Message[] = []
  let rest = bytes
  while (rest.length >= headerLength) {
    const length = rest.readUInt32LE(0)
    const whole = (length + 3) & ~3
    if (rest.length < whole) break
    const each = rest.subarray(0, length)
    messages.push({
      type: each.readUInt16LE(4),
      flags: each.readUInt16LE(6),
      seq: each.readUInt32LE(8),
      pid: each.readUInt32LE(12),
      payload: each.subarray(headerLength),
      bytes: each,
    })
    rest = rest.subarray(whole)
  }
  return { messages, rest }
}
