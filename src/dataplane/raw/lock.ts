import { createServer } from 'node:net'
import { DirectorError } from '../../core/errors.js'

/**
 * Keeps a second director out: an abstract socket in the network namespace, which ends with the process.
 * @throws DirectorError BUSY while another has it.
 */
export async function lockOwner(owner: string): Promise<{ release(): void }> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `${owner}: another director has it (one director, one --runtime-dir)`
      reject(new DirectorError('BUSY', message, { runtimeDir: owner }, { cause }))
    })
    server.listen(`\0xlvs:${owner}`, resolve)
  })
  server.unref()
  return { release: () => server.close() }
}
