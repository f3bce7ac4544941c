import { createServer, type Server } from 'node:net'
import { frames } from '../../../src/ipvs/server/frames.js'
import type { Both } from './both.js'

/**
 * Stands where a director's socket is looked for, passes each request of its clients on to both directors, and answers with
 * what xlvs says: what a program sends in the course of its work is given to both, byte by byte, as it comes.
 */
export class Tee {
  private constructor(private readonly server: Server) {}

  static async listen(path: string, both: Both): Promise<Tee> {
    const server = createServer(async (socket) => {
      // Clients go away without reading what was still to come.
      socket.on('error', () => {})
      try {
        for await (const request of frames(socket)) {
          const answers = await both.ask(Buffer.from(request))
          for (const { bytes } of answers) socket.write(padded(bytes))
        }
      } catch {
        socket.destroy()
      }
    })
    await new Promise<void>((resolve) => server.listen(path, resolve))
    return new Tee(server)
  }

  close(): void {
    this.server.close()
  }
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}
