import type { Refused } from './datagram-sockets.js'

/** Counts what the kernel did not take. A text of the reason is made when it is asked for: there may be thousands a second. */
export class Refusals<T> {
  #packets = 0
  #reason: T | undefined

  constructor(private readonly textOf: (reason: T) => string) {}

  add(reason: T, packets = 1): void {
    this.#packets += packets
    this.#reason = reason
  }

  take(): Refused {
    const reason = this.#reason === undefined ? '' : this.textOf(this.#reason)
    const refused = { packets: this.#packets, reason }
    this.#packets = 0
    return refused
  }
}
