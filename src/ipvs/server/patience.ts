import type { Clock } from '../../core/clock.js'

/** Waiting may take so much at once, in milliseconds, and then that part of the time. */
const burstMs = 100
const share = 0.1

/**
 * Whether a command's answer waits for its effect, so that a script's next line finds a new server working. keepalived adds
 * hundreds of servers in a row, each when the one before is answered, and some of them are down: it is not held up for all.
 */
export class Patience {
  #creditMs = burstMs
  #countedAtMs: number

  constructor(private readonly clock: Clock) {
    this.#countedAtMs = clock.nowMs()
  }

  /** Waits for it, or not. */
  async waitFor(settled: () => Promise<void>): Promise<void> {
    const startMs = this.clock.nowMs()
    this.#creditMs = Math.min(burstMs, this.#creditMs + (startMs - this.#countedAtMs) * share)
    this.#countedAtMs = startMs
    if (this.#creditMs <= 0) return
    await settled()
    this.#creditMs -= this.clock.nowMs() - startMs
  }
}
