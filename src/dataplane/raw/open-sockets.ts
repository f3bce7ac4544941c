import { UnsupportedError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { requireCapabilities } from '../../net/capabilities.js'
import { openBatchSockets } from './batch-sockets.js'
import type { DatagramMemory } from './datagram-memory.js'
import type { DatagramSockets } from './datagram-sockets.js'
import { openNpmSockets } from './npm-sockets.js'

/**
 * The addon's sockets, or where it is not built the npm package's.
 * @param mark of what is sent, SO_MARK. @param memory that datagrams are received into and sent from.
 * @throws UnsupportedError without either, or without the capabilities.
 */
export async function openSockets(mark: number, memory: DatagramMemory, log: Logger): Promise<DatagramSockets> {
  requireCapabilities('raw sockets', ['CAP_NET_ADMIN', 'CAP_NET_RAW'])
  try {
    return openBatchSockets(mark, memory)
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw refusedByKernel(error)
    const { reason } = error
    log.warn({ reason }, 'the npm package raw-socket is used: one packet a system call')
  }
  try {
    return await openNpmSockets(mark, memory)
  } catch (error) {
    throw error instanceof UnsupportedError ? error : refusedByKernel(error)
  }
}

function refusedByKernel(cause: unknown): UnsupportedError {
  return new UnsupportedError('raw sockets', `the kernel refuses one: ${(cause as Error).message}`, { cause })
}
