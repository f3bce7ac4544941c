import type { IncomingMessage } from 'node:http'
import { DirectorError } from '../core/errors.js'

/** The largest request body: some 100,000 commands. */
export const maxBodyBytes = 32 * 2 ** 20

/** A request body that is larger than allowed. */
export class BodyTooLargeError extends DirectorError {
  constructor() {
    super('INVALID', `body: more than ${maxBodyBytes} bytes; send the commands in several requests`, { maxBodyBytes })
  }
}

/** Reads a JSON body. @throws DirectorError INVALID. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new BodyTooLargeError()
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw new DirectorError('INVALID', `body: not JSON (${(cause as Error).message})`, {}, { cause })
  }
}
