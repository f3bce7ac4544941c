/**
 * The packet path exists twice, in C and in TypeScript: both get the same packets and the same changes of configuration, and
 * have to agree after every one of them, in what becomes of the packet and in every table.
 */
import t from 'tap'
import { hunt } from '../differential/hunt.js'

const framesOfASeed = 20_000

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
  t.test(`seed ${seed}`, async (t) => {
    const report = await hunt(seed, framesOfASeed)
    t.equal(report, undefined, report?.slice(0, 4000) ?? `${framesOfASeed} frames`)
  })
}
