import { Allowance } from '../../core/allowance.js'
import type { Clock } from '../../core/clock.js'

/**
 * Whether a command's answer waits for its effect, so that a script's next line finds a new server working. keepalived adds
 * hundreds of servers in a row, each when the one before is answered, and some of them are down: it is not held up for all.
 */
export class Patience {
  readonly #allowance: Allowance

  constructor(private readonly clock: Clock) {
    this.#allowance = new Allowance(clock, 100, 0.1)
  }

  /** Waits for it, or not. */
  async waitFor(settled: () => Promise<void>): Promise<void> {
    if (this.#allowance.waitMs() > 0) return
    const startMs = this.clock.nowMs()
    await settled()
    this.#allowance.spend(this.clock.nowMs() - startMs)
  }
}
