import type { Clock } from '../../core/clock.js'
import type { DirectorModule } from '../wasm/module.js'

/** Parts that the table is swept in: a whole round takes a second. */
const parts = 16
const intervalMs = 1000 / parts

/** Sweeps the table, and keeps the clock of packets as the kernel's sweeper does: to look at the machine's for each takes time. */
export class Sweeping {
  readonly #module: DirectorModule
  #stop = () => {}

  constructor(
    module: DirectorModule,
    private readonly clock: Clock,
    private readonly nowTicks: () => number,
  ) {
    this.#module = module
    this.#step()
  }

  stop(): void {
    this.#stop()
  }

  #step(): void {
    this.#stop = this.clock.after(intervalMs, () => this.#step())
    this.#module.now = this.nowTicks()
    this.#module.sweep(parts)
  }
}
