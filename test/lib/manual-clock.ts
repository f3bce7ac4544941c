import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock.js'

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ atMs: number; callback: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Moves time on. Timers go off one after the other, and promises that they settle are followed before the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.callback()
      await turn()
    }
    this.#nowMs = endMs
  }

  #next(untilMs: number) {
    return [...this.#timers].sort((a, b) => a.atMs - b.atMs).find(({ atMs }) => atMs <= untilMs)
  }
}
