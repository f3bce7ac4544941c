/** The packet path as a WebAssembly module, with a clock that stands until it is moved. */
import type { TableMap } from '../../src/dataplane/tables/table-map.js'
import { DirectorModule, type MemoryMaps, type ModuleOptions } from '../../src/dataplane/wasm/module.js'
import { frameBytes, sendFrame } from './send-frame.js'
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
  /** Memory for packets; default: as {@link sendFrame} needs it. */
  readonly packetBytes?: number
}

export class ModuleDirector extends TableDirector<MemoryMaps> {
  readonly module: DirectorModule

  constructor({
    sets = 128,
    startTick = 1000,
    sizes = {},
    path,
    packetBytes = frameBytes,
  }: ModuleDirectorOptions = {}) {
    const module = new DirectorModule({
      ...(path !== undefined && { path }),
      sizes: { conns: { maxEntries: sets }, ...sizes },
      packetBytes,
    })
    super('wasm', module.maps, startTick)
    this.module = module
  }

  override send(data: Uint8Array, ingressIfindex = loopback): Sent {
    return sendFrame(this.module, data, ingressIfindex)
  }
}

/** No memory of a module has this. */
const nowhere = 0xf000_0000

/** Makes a module look for a map where there is nothing, so that it ends in a trap. @returns what makes it whole again. */
export function breakMap({ memory }: DirectorModule, map: TableMap): () => void {
  const position = Buffer.alloc(4)
  position.writeUInt32LE(map.view().byteOffset)
  const definition = memory.indexOf(position)
  memory.writeUInt32LE(nowhere, definition)
  return () => position.copy(memory, definition)
}
