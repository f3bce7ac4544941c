/** Messages of netlink: struct nlmsghdr, acks, errors, ends of dumps (include/uapi/linux/netlink.h). All in host order. */
import { align } from './align.js'
import { NetlinkError } from './error.js'
import type { Writer } from './writer.js'

/** NLMSG_HDRLEN. */
export const messageHeaderBytes = 16

/** NLM_F_*. CAPPED shares its bit with half of DUMP: it is for answers, DUMP for requests. */
export const NLM_F = { REQUEST: 0x1, MULTI: 0x2, ACK: 0x4, DUMP: 0x300, CAPPED: 0x100 } as const

/** nlmsg_type below MIN_TYPE; from there on it is the id of a family. */
export const NLMSG = { NOOP: 0x1, ERROR: 0x2, DONE: 0x3, OVERRUN: 0x4, MIN_TYPE: 0x10 } as const

/** struct nlmsghdr but its length. */
export interface MessageHeader {
  readonly type: number
  /** NLM_F. */
  readonly flags: number
  readonly seq: number
  /** Port of the client's socket. */
  readonly pid: number
}

export interface Message extends MessageHeader {
  readonly payload: Buffer
}

/** What a message says of its own length, header included; undefined if there is not that much of it. */
export function messageLength(bytes: Buffer): number | undefined {
  return bytes.length < 4 ? undefined : bytes.readUInt32LE(0)
}

/**
 * Reads the message at the start.
 * @throws NetlinkError EINVAL if its length is less than a header's or more than there is (NLMSG_OK).
 */
export function decodeMessage(bytes: Buffer): Message {
  const length = messageLength(bytes)
  if (length === undefined || length < messageHeaderBytes || length > bytes.length) {
    throw new NetlinkError('EINVAL', `a message of ${length ?? 'no'} bytes in ${bytes.length}`)
  }
  return {
    type: bytes.readUInt16LE(4),
    flags: bytes.readUInt16LE(6),
    seq: bytes.readUInt32LE(8),
    pid: bytes.readUInt32LE(12),
    payload: bytes.subarray(messageHeaderBytes, length),
  }
}

/** Reads messages that stand one after another, as one recv() brings them. @throws NetlinkError EINVAL. */
export function* decodeMessages(bytes: Buffer): Generator<Message> {
  for (let rest = bytes; rest.length > 0; ) {
    const message = decodeMessage(rest)
    yield message
    rest = rest.subarray(align(messageHeaderBytes + message.payload.length))
  }
}

/** Writes a message whose payload is what `body` writes. */
export function encodeMessage(writer: Writer, { type, flags, seq, pid }: MessageHeader, body: () => void): void {
  writer.sizedByU32(() => {
    writer.u16(type)
    writer.u16(flags)
    writer.u32(seq)
    writer.u32(pid)
    body()
  })
}

/**
 * Answers a request with success or an error: NLMSG_ERROR, as netlink_ack() in net/netlink/af_netlink.c writes it to who has
 * not set NETLINK_CAP_ACK. An error has the whole request with it, success only its header; both count with their padding.
 * @param request header and payload.
 * @param errno 0, or a positive errno.
 */
export function encodeAck(writer: Writer, request: Buffer, errno: number): void {
  const { seq, pid } = decodeMessage(request)
  const quoted = errno === 0 ? request.subarray(0, messageHeaderBytes) : request
  encodeMessage(writer, { type: NLMSG.ERROR, flags: errno === 0 ? NLM_F.CAPPED : 0, seq, pid }, () => {
    writer.s32(-errno)
    writer.bytes(quoted)
    writer.bytes(Buffer.alloc(align(quoted.length) - quoted.length))
  })
}

/** Ends a dump: NLMSG_DONE with 0, or minus the errno of what cut it short. @param errno 0, or positive. */
export function encodeDone(writer: Writer, { seq, pid }: MessageHeader, errno: number): void {
  encodeMessage(writer, { type: NLMSG.DONE, flags: NLM_F.MULTI, seq, pid }, () => writer.s32(-errno))
}

/**
 * The errno of an NLMSG_ERROR or NLMSG_DONE, positive; 0 for success.
 * @throws NetlinkError EINVAL if the message is too short for it.
 */
export function decodeErrno({ payload }: Message): number {
  if (payload.length < 4) throw new NetlinkError('EINVAL', `an errno in ${payload.length} bytes`)
  return -payload.readInt32LE(0) || 0
}
