import type { Server } from 'node:net'
import { type Clock, systemClock } from '../core/clock.js'
import type { Logger } from '../core/logger.js'

/** Least time between two lines of the log about one listener, in milliseconds. */
const quietMs = 60_000

/**
 * Caps the connections that a server has at once, so that no client can take the descriptors of the process: one beyond
 * the cap is closed when it is accepted. The log has that and other failures to accept at most once a minute.
 */
export function capConnections(server: Server, listener: string, most: number, log: Logger, clock = systemClock): void {
  const closed = new RareWarning(log, clock, 'too many connections at once; those beyond the cap are closed')
  const failed = new RareWarning(log, clock, 'a connection was not accepted')
  server.maxConnections = most
  server.on('drop', () => closed.note({ listener, cap: most }))
  // Without a listener the error would end the process.
  server.on('error', (err) => failed.note({ listener, err }))
}

/** A warning about what may come thousands of times a second. */
class RareWarning {
  #times = 0
  #loggedAtMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
    private readonly sentence: string,
  ) {}

  /** Logs it, with how often it has come since the last line; or counts it only. */
  note(fields: object): void {
    this.#times++
    const nowMs = this.clock.nowMs()
    if (nowMs - this.#loggedAtMs < quietMs) return
    this.log.warn({ ...fields, times: this.#times }, this.sentence)
    this.#loggedAtMs = nowMs
    this.#times = 0
  }
}
