import type { Address } from '../core/address.js'
import type { Clock } from '../core/clock.js'

/** How long a command waits for neighbours to answer. On a working network they take a millisecond or two. */
const patienceMs = 100

/**
 * Addresses of real servers that were just added and to which no way is known yet. IPVS queues the
 * first packets for such a server; here a command is answered only when it can take packets, so
 * that a script's next line finds it working.
 */
export class Arrivals {
  readonly #awaited = new Set<Address>()
  #waiting: (() => void)[] = []

  constructor(private readonly clock: Clock) {}

  add(rip: Address): void {
    this.#awaited.add(rip)
  }

  /** The way is known, or no longer wanted. */
  delete(rip: Address): void {
    if (this.#awaited.delete(rip) && this.#awaited.size === 0) this.#release()
  }

  /** Resolves when none is awaited, or when patience is at its end: then those that are left are given up. */
  settled(): Promise<void> {
    if (this.#awaited.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const giveUp = this.clock.after(patienceMs, () => {
        this.#awaited.clear()
        this.#release()
      })
      this.#waiting.push(() => {
        giveUp()
        resolve()
      })
    })
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
