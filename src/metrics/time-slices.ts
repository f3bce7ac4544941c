import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../core/clock.js'

/** How long the event loop is held at once, in milliseconds: what comes after each slice may take as long again. */
const sliceMs = 3

/** Divides long work, so that the event loop serves others between two slices. */
export class TimeSlices {
  #endsAtMs: number

  constructor(private readonly clock: Clock) {
    this.#endsAtMs = clock.nowMs() + sliceMs
  }

  get isOver(): boolean {
    return this.clock.nowMs() >= this.#endsAtMs
  }

  /** Lets the event loop go on; resolves when the next slice begins. */
  async next(): Promise<void> {
    await setImmediate()
    this.#endsAtMs = this.clock.nowMs() + sliceMs
  }
}
