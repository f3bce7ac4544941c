import { constants, openSync } from 'node:fs'
import { type DestinationStream, destination, type Level, pino } from 'pino'
import type { Logger } from './core/logger.js'

/** Bytes of log lines that wait for a slow reader; those that find no room are dropped and counted. */
const maxWaiting = 1 << 20

/** How long the end of the process waits for the last lines, in milliseconds. */
const patienceMs = 1000

export interface DaemonLog {
  readonly log: Logger
  /** Resolves when the lines are written, or cannot be; nothing is logged after it. */
  close(): Promise<void>
}

/** The log on stderr. Neither a full disk nor a reader that has stopped or gone holds the director up. */
export function openLog(level: Level): DaemonLog {
  const stream = destination({ fd: nonBlockingStderr(), sync: false, maxLength: maxWaiting })
  const log = pino({ level, base: null }, stream as DestinationStream)
  let isBroken = false
  let dropped = 0
  stream.on('error', () => {
    isBroken = true
  })
  stream.on('drop', () => {
    dropped++
  })
  stream.on('drain', () => {
    isBroken = false
    if (dropped === 0) return
    const lines = dropped
    dropped = 0
    log.warn({ lines }, 'log lines are missing here: they came faster than they were read')
  })
  return {
    log,
    close: () =>
      new Promise((resolve) => {
        const end = () => {
          // Or pino would try to write the rest at exit, and wait for ever.
          stream.destroy()
          resolve()
        }
        if (isBroken) return end()
        const timer = setTimeout(end, patienceMs)
        for (const event of ['close', 'error']) {
          stream.once(event, () => {
            clearTimeout(timer)
            end()
          })
        }
        stream.end()
      }),
  }
}

/**
 * A description of stderr of our own, which does not block: a write that waits would also hold up the end of the process. The
 * one that was inherited is shared with others, and stays as it is. Sockets, such as journald's, cannot be opened a second time.
 */
function nonBlockingStderr(): number {
  try {
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK)
  } catch {
    return 2
  }
}
