/** The sweeper (sweep.h): takes expired connections off the counts. */
import { sharedConstant } from '../tables/layout.gen.js'
import { Connections } from './connections.js'
import type { Tables } from './tables.js'

/** Calls for the whole table. */
export const sweepSteps = 16

export class Sweeper {
  readonly #connections: Connections
  readonly #slots: number
  #next = 0

  constructor(tables: Tables) {
    this.#connections = new Connections(tables)
    this.#slots = (tables.setMask + 1) * sharedConstant.SET_SLOTS
  }

  /** Goes through the next part of the table. @param now in ticks. */
  step(now: number): void {
    const end = Math.min(this.#next + Math.ceil(this.#slots / sweepSteps), this.#slots)
    for (let slot = this.#next; slot < end; slot++) this.#connections.expire(slot, now)
    this.#next = end === this.#slots ? 0 : end
  }
}
