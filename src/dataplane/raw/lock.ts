import { createServer } from 'node:net'
import { join } from 'node:path'
import { listenOnSocket } from '../../net/unix-socket.js'

/** File name in the runtime directory. */
export const lockName = 'raw.lock'

/**
 * Keeps a second director out of a directory, whatever network namespace it is in: a socket that only one process listens on.
 * @throws DirectorError BUSY while another has it, PERMISSION or INVALID for a directory that cannot be used.
 */
export async function lockDirectory(directory: string): Promise<{ release(): void }> {
  const server = createServer((socket) => socket.destroy())
  await listenOnSocket(server, join(directory, lockName))
  server.unref()
  return { release: () => server.close() }
}
