/** The packet path as a WebAssembly module, with a clock that stands until it is moved. */
import { frameBytes, sendFrame } from '../../src/dataplane/wasm/frames.js'
import { DirectorModule, type MemoryMaps, type ModuleOptions } from '../../src/dataplane/wasm/module.js'
import { type Sent, TableDirector } from './table-director.js'

const loopback = 1

export interface ModuleDirectorOptions {
  /** Sets of the connection table, a power of two; each has 8 slots. */
  readonly sets?: number
  /** What the clock shows at first, in ticks. */
  readonly startTick?: number
  /** Of maps that have others than the module was compiled for. */
  readonly sizes?: ModuleOptions['sizes']
  /** Of another module than this build's. */
  readonly path?: string
}

export class ModuleDirector extends TableDirector<MemoryMaps> {
  readonly module: DirectorModule

  constructor({ sets = 128, startTick = 1000, sizes = {}, path }: ModuleDirectorOptions = {}) {
    const module = new DirectorModule({
      ...(path !== undefined && { path }),
      sizes: { conns: { maxEntries: sets }, ...sizes },
      packetBytes: frameBytes,
    })
    super('wasm', module.maps, startTick)
    this.module = module
  }

  override send(data: Uint8Array, ingressIfindex = loopback): Sent {
    return sendFrame(this.module, data, ingressIfindex)
  }
}
