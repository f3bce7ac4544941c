import { align } from '../codec/align.js'
import { NetlinkError } from '../codec/error.js'
import { messageHeaderBytes, messageLength } from '../codec/message.js'

/** The longest request in bytes, some hundred times what a command of IPVS has. */
export const maxRequestBytes = 65_536

/**
 * Cuts a stream into messages by the length that each begins with; between them is padding to 4. What is cut off at the end is
 * dropped.
 * @throws NetlinkError EMSGSIZE at a length that no request has: where the next message begins is not known then.
 */
export async function* frames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0)
  let padding = 0
  for await (const chunk of chunks) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (;;) {
      const skipped = Math.min(padding, pending.length)
      padding -= skipped
      pending = pending.subarray(skipped)
      const length = messageLength(pending)
      if (length === undefined) break
      if (length < messageHeaderBytes || length > maxRequestBytes) {
        throw new NetlinkError('EMSGSIZE', `a message of ${length} bytes`)
      }
      if (length > pending.length) break
      yield pending.subarray(0, length)
      pending = pending.subarray(length)
      padding = align(length) - length
    }
  }
}
