/** The program in TypeScript, on maps in memory, with a clock that stands until it is moved. */
import { FrameProgram } from '../../src/dataplane/sim/frames.js'
import { memoryMaps, Tables } from '../../src/dataplane/sim/tables.js'
import { sharedConstant } from '../../src/dataplane/tables/layout.gen.js'
import { type Sent, TableDirector } from './table-director.js'

const nsPerTick = 2n ** BigInt(sharedConstant.TICK_SHIFT)
const loopback = 1

export interface SimDirectorOptions {
  /** Sets of the connection table, a power of two; each has 8 slots. */
  readonly sets?: number
  /** What the clock shows at first, in ticks. */
  readonly startTick?: number
}

export class SimDirector extends TableDirector {
  readonly program: FrameProgram
  readonly #time: { ns: bigint }

  constructor({ sets = 128, startTick = 1000 }: SimDirectorOptions = {}) {
    const time = { ns: BigInt(startTick) * nsPerTick }
    super('sim', memoryMaps(sets), {
      nowMs: () => Number(time.ns / 1_000_000n),
      nowTicks: () => Number(BigInt.asUintN(32, time.ns / nsPerTick)),
    })
    this.#time = time
    this.program = new FrameProgram(new Tables(this.maps))
  }

  override send(data: Uint8Array, ingressIfindex = loopback): Sent {
    return this.program.send(data, ingressIfindex, this.nowTicks())
  }

  override advanceTicks(ticks: number): void {
    this.#time.ns += BigInt(ticks) * nsPerTick
  }

  override advance(seconds: number): void {
    this.#time.ns += BigInt(Math.round(seconds * 1e9))
  }
}
