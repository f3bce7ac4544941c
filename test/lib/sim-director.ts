/** The program in TypeScript, on maps in memory, with a clock that stands until it is moved. */
import { FrameProgram } from '../../src/dataplane/sim/frames.js'
import { memoryMaps, Tables } from '../../src/dataplane/sim/tables.js'
import { nsPerTick, type Sent, TableDirector } from './table-director.js'

const loopback = 1

export interface SimDirectorOptions {
  /** Sets of the connection table, a power of two; each has 8 slots. */
  readonly sets?: number
  /** What the clock shows at first, in ticks. */
  readonly startTick?: number
}

export class SimDirector extends TableDirector {
  readonly program: FrameProgram

  constructor({ sets = 128, startTick = 1000 }: SimDirectorOptions = {}) {
    let nowNs = BigInt(startTick) * nsPerTick
    super('sim', memoryMaps(sets), {
      now: () => nowNs,
      advance(ns) {
        nowNs += ns
      },
    })
    this.program = new FrameProgram(new Tables(this.maps))
  }

  override send(data: Uint8Array, ingressIfindex = loopback): Sent {
    return this.program.send(data, ingressIfindex, this.nowTicks())
  }
}
