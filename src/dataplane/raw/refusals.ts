import type { Refused } from './datagram-sockets.js'

/** Counts what the kernel did not take. */
export class Refusals {
  #packets = 0
  #reason = ''

  add(error: unknown): void {
    this.#packets++
    this.#reason = error instanceof Error ? error.message : String(error)
  }

  take(): Refused {
    const refused = { packets: this.#packets, reason: this.#reason }
    this.#packets = 0
    return refused
  }
}
