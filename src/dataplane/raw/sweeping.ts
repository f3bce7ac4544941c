import type { Clock } from '../../core/clock.js'
import { Sweeper, sweepSteps } from '../sim/sweep.js'
import type { Tables } from '../sim/tables.js'

/** A table is gone through once a second. */
const intervalMs = 1000 / sweepSteps

/** The sweeper's timer. As in the kernel (clock.h), it keeps the clock of packets: to look at the machine's for each takes time. */
export class Sweeping {
  readonly #sweeper: Sweeper
  #stop = () => {}
  /** In ticks. */
  ticks = 0

  constructor(
    tables: Tables,
    private readonly clock: Clock,
    private readonly nowTicks: () => number,
  ) {
    this.#sweeper = new Sweeper(tables)
    this.#step()
  }

  stop(): void {
    this.#stop()
  }

  #step(): void {
    this.ticks = this.nowTicks()
    this.#sweeper.step(this.ticks)
    this.#stop = this.clock.after(intervalMs, () => this.#step())
  }
}
