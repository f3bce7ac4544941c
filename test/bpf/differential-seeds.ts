/**
 * The packet path is compiled twice, for the kernel and as a module: both get the same packets and the same changes of
 * configuration, and have to agree after every one of them, in what becomes of the packet and in every byte of every table.
 */
import t from 'tap'
import { hunt } from '../differential/hunt.js'

const framesOfASeed = 20_000

export function agree(seeds: readonly number[]): void {
  for (const seed of seeds) {
    t.test(`seed ${seed}`, async (t) => {
      const report = await hunt(seed, framesOfASeed)
      t.equal(report, undefined, report?.slice(0, 4000) ?? `${framesOfASeed} frames`)
    })
  }
}
