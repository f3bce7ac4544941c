/** Generic netlink: struct genlmsghdr, and what its controller tells of families (include/uapi/linux/genetlink.h). */
import { AttributeSet, listOf, nested } from './attributes.js'
import { NetlinkError } from './error.js'
import { nulString, u16, u32 } from './kinds.js'
import { encodeMessage, type MessageHeader } from './message.js'
import type { Writer } from './writer.js'

/** GENL_HDRLEN. */
const genlHeaderBytes = 4

/** The controller's family. */
export const GENL_ID_CTRL = 0x10
/** The largest id of a family; the kernel gives its ids from GENL_ID_CTRL upwards. */
export const GENL_MAX_ID = 1023
/** Version in the header of the controller's answers (genl_ctrl in net/netlink/genetlink.c). */
export const ctrlVersion = 2

export const CTRL_CMD = { NEWFAMILY: 1, GETFAMILY: 3 } as const

/** Flags of an operation, in `opFlags`. */
export const GENL_OP = { ADMIN_PERM: 0x1, CAP_DO: 0x2, CAP_DUMP: 0x4, CAP_HASPOL: 0x8 } as const

/** What a generic netlink message says, after its header. */
export interface GenlMessage {
  readonly cmd: number
  readonly version: number
  /** Its attributes. */
  readonly attributes: Buffer
}

/** Reads the payload of a message. @throws NetlinkError EINVAL if it is shorter than its header. */
export function decodeGenl(payload: Buffer): GenlMessage {
  if (payload.length < genlHeaderBytes) throw new NetlinkError('EINVAL', `a command in ${payload.length} bytes`)
  return {
    cmd: payload.readUInt8(0),
    version: payload.readUInt8(1),
    attributes: payload.subarray(genlHeaderBytes),
  }
}

/** Writes a message with the attributes that `body` writes. */
export function encodeGenl(
  writer: Writer,
  header: MessageHeader,
  { cmd, version }: Omit<GenlMessage, 'attributes'>,
  body: () => void,
): void {
  encodeMessage(writer, header, () => {
    writer.u8(cmd)
    writer.u8(version)
    writer.u16(0)
    body()
  })
}

/** CTRL_ATTR_OP_*. */
const operation = new AttributeSet({ opId: [1, u32], opFlags: [2, u32] })

/** CTRL_ATTR_*: a family, or the question for one, by id or by name (ctrl_fill_info and ctrl_getfamily in genetlink.c). */
export const familyAttributes = new AttributeSet({
  familyName: [2, nulString(15)],
  familyId: [1, u16],
  version: [3, u32],
  hdrsize: [4, u32],
  maxattr: [5, u32],
  ops: [6, listOf(nested(operation))],
})
