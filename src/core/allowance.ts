import type { Clock } from './clock.js'

/** Time that may be spent on something: so much at once, and then a share of all time. */
export class Allowance {
  #creditMs: number
  #countedAtMs: number

  /** @param share between 0 and 1. */
  constructor(
    private readonly clock: Clock,
    private readonly burstMs: number,
    private readonly share: number,
  ) {
    this.#creditMs = burstMs
    this.#countedAtMs = clock.nowMs()
  }

  /** How long it takes until there is something to spend again; 0 if there is. */
  waitMs(): number {
    this.#countUntil(this.clock.nowMs())
    return this.#creditMs > 0 ? 0 : Math.ceil(1 - this.#creditMs / this.share)
  }

  /** The last `ms` were spent on it. That may be more than there was. */
  spend(ms: number): void {
    const nowMs = this.clock.nowMs()
    this.#countUntil(nowMs - ms)
    this.#creditMs -= ms
    this.#countUntil(nowMs)
  }

  #countUntil(timeMs: number): void {
    const passedMs = Math.max(0, timeMs - this.#countedAtMs)
    this.#creditMs = Math.min(this.burstMs, this.#creditMs + passedMs * this.share)
    this.#countedAtMs += passedMs
  }
}
