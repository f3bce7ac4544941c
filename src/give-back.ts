import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from './core/clock.js'

/** Commands after which it is worth the while. */
const many = 1000
/** After the last of them. */
const quietMs = 1000

/**
 * After many commands has the collector of garbage give back what they took. By itself V8 does so when it has been
 * idle for long and knows it, which it may never: ten thousand services then hold a third more memory than they need. Twice,
 * since what the first time has emptied is given back by the second. It takes about 0.2 s: not for a process that forwards
 * packets itself.
 */
export class MemoryGiver {
  #commands = 0
  #callOff: () => void = () => {}

  constructor(readonly clock: Clock) {}

  /** So many commands were carried out. */
  note(commands: number): void {
    this.#commands += commands
    if (this.#commands < many) return
    this.stop()
    this.#callOff = this.clock.after(quietMs, () => {
      this.#commands = 0
      collectGarbage()
    })
  }

  stop(): void {
    this.#callOff()
  }
}

/**
 * From now on V8's nursery stays as large as it is. By itself it grows to 32 MiB while ten thousand services are applied, which
 * makes that no faster, and never shrinks. Not for a process that forwards packets itself, either.
 */
export function keepNursery(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** Twice. V8's own function, which a program has to ask for. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
}
