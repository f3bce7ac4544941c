/** Frames, one at a time: what an XDP program is given. */
import { sharedConstant, verdict, verdictNames } from '../../src/dataplane/tables/layout.gen.js'
import type { DirectorModule } from '../../src/dataplane/wasm/module.js'
import type { Sent } from './table-director.js'

const longestFrame = 65_536
const wholePacket = 0xffffffff

/** Memory for packets that a module has to have for {@link sendFrame}, in bytes. */
export const frameBytes = sharedConstant.BATCH_HEADROOM + longestFrame

/**
 * Gives a module a frame. It ends where the module's memory ends, so that an access behind it is a trap.
 * @param data is left as it is.
 * @throws WebAssembly.RuntimeError for a trap, RangeError for a frame that is longer than there is room for.
 */
export function sendFrame(module: DirectorModule, data: Uint8Array, ingressIfindex: number): Sent {
  if (data.length > longestFrame) throw new RangeError(`a frame of ${data.length} bytes: at most ${longestFrame}`)
  const { memory, batch } = module
  batch.offsets[0] = memory.length - data.length
  batch.lengths[0] = data.length
  batch.mustFit[0] = wholePacket
  memory.set(data, batch.offsets[0])
  module.decide('frames', 1, ingressIfindex)
  const [from, length, given] = [batch.offsets[0], batch.lengths[0] ?? 0, batch.verdicts[0] ?? 0]
  if (given === verdict.DROP_FAULT) throw module.takeFaults().last
  const frame = Buffer.from(memory.subarray(from, from + length))
  return { verdict: (verdictNames[given] ?? '').toLowerCase(), frame }
}
