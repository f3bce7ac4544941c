import type { Socket } from 'node:net'
import { DirectorError } from '../core/errors.js'

/** The longest request: some 100,000 commands. */
export const maxRequestBytes = 32 * 2 ** 20

const newline = 0x0a

/**
 * Reads up to the first newline, or to the end; what comes after it is read and dropped. Empty if the client has gone
 * away without a word.
 * @throws DirectorError INVALID for a request that is too long.
 */
export function readRequestLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const take = (chunk: Buffer) => {
      const end = chunk.indexOf(newline)
      const part = end < 0 ? chunk : chunk.subarray(0, end)
      chunks.push(part)
      bytes += part.length
      if (bytes > maxRequestBytes) {
        stop()
        const message = `request: more than ${maxRequestBytes} bytes; send the commands in several requests`
        reject(new DirectorError('INVALID', message, { maxRequestBytes }))
      } else if (end >= 0) complete()
    }
    const complete = () => {
      stop()
      resolve(Buffer.concat(chunks).toString('utf8'))
    }
    const stop = () => socket.off('data', take).off('end', complete).off('close', complete).resume()
    socket.on('data', take).once('end', complete).once('close', complete)
  })
}
