import { DirectorError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { NetlinkError } from '../codec/error.js'
import { decodeGenl, encodeGenl } from '../codec/genetlink.js'
import { decodeMessage, encodeAck, encodeDone, type Message, NLM_F, NLMSG } from '../codec/message.js'
import { Writer } from '../codec/writer.js'
import type { Context } from './context.js'
import { familyOf, type Outcome, type Replies } from './families.js'
import type { Reply } from './get.js'
import { asNetlinkError, LackError, type RefusalLog } from './refusals.js'

/** Bytes of a dump that go out together. */
const chunkBytes = 32_768

/** Who hears of refusals beside the client. */
export interface Logs {
  readonly refusals: RefusalLog
  readonly log: Logger
}

/**
 * Answers a request as netlink_rcv_skb() in net/netlink/af_netlink.c and genl_rcv_msg() in net/netlink/genetlink.c do: by
 * replies, a dump, an ack, an error or nothing.
 * @param request a whole message.
 */
export async function* answer(request: Buffer, context: Context, logs: Logs): AsyncGenerator<Buffer> {
  const message = decodeMessage(request)
  const writer = new Writer()
  let outcome: Outcome
  try {
    outcome = await outcomeOf(message, context)
  } catch (error) {
    encodeAck(writer, request, noted(error, logs).errno)
    yield writer.take()
    return
  }
  if (outcome.type === 'dump') return yield* dump(message, outcome.replies, logs)
  for (const reply of outcome.replies) encodeReply(writer, message, 0, reply)
  if (message.flags & NLM_F.ACK) encodeAck(writer, request, 0)
  if (writer.length > 0) yield writer.take()
}

/** What is no request, or is for no family, has only its ack. */
async function outcomeOf(message: Message, context: Context): Promise<Outcome> {
  if (!(message.flags & NLM_F.REQUEST) || message.type < NLMSG.MIN_TYPE) return { type: 'replies', replies: [] }
  if (context.goesDown()) throw new NetlinkError('ENOENT', 'the director is going down')
  const isDump = (message.flags & NLM_F.DUMP) === NLM_F.DUMP
  return familyOf(message.type).handle(context, decodeGenl(message.payload), isDump)
}

async function* dump(message: Message, replies: Replies, logs: Logs): AsyncGenerator<Buffer> {
  const writer = new Writer()
  let errno = 0
  try {
    for await (const reply of replies) {
      encodeReply(writer, message, NLM_F.MULTI, reply)
      if (writer.length >= chunkBytes) yield writer.take()
    }
  } catch (error) {
    errno = noted(error, logs).errno
  }
  encodeDone(writer, message, errno)
  yield writer.take()
}

function encodeReply(writer: Writer, { type, seq, pid }: Message, flags: number, { cmd, body }: Reply): void {
  const { version } = familyOf(type)
  encodeGenl(writer, { type, flags, seq, pid }, { cmd, version }, () => body(writer))
}

/** What the client is told of an error, after the log has been. */
function noted(error: unknown, { log, refusals }: Logs): NetlinkError {
  if (error instanceof LackError) refusals.note(error)
  else if (!(error instanceof NetlinkError || error instanceof DirectorError)) {
    log.error({ err: error }, 'netlink request failed')
  }
  return asNetlinkError(error)
}
