import type { Clock } from '../core/clock.js'

/** Calls back again and again, `intervalMs` apart; the function returned stops it. */
export function every(clock: Clock, intervalMs: number, callback: () => void): () => void {
  let cancel = clock.after(intervalMs, again)
  function again(): void {
    cancel = clock.after(intervalMs, again)
    callback()
  }
  return () => cancel()
}
