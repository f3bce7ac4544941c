/** Time for everything that waits: injected, so that tests own it. */
export interface Clock {
  /** Milliseconds from an arbitrary start; never goes back. */
  nowMs(): number
  /** Calls back once, after `delayMs`; the function returned calls it off. */
  after(delayMs: number, callback: () => void): () => void
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}
