/** `npm run fuzz`: the packet path in the kernel against the module, for as long as wanted. */
import { setImmediate } from 'node:timers/promises'
import { Command } from 'commander'
import { collectGarbage } from '../../src/give-back.js'
import { positive } from '../lib/positive.js'
import { hunt } from './hunt.js'

interface Flags {
  readonly seconds: number
  readonly seed: number
  readonly frames: number
}

const program = new Command('npm run fuzz --')
  .description(
    'Gives the packet path in the kernel and as a WebAssembly module the same random steps, and compares every byte after each. As root.',
  )
  .option('--seconds <n>', 'how long', positive, 60)
  .option('--seed <n>', 'the first seed; each run has the next one', positive, Date.now() % 1_000_000)
  .option('--frames <n>', 'frames of a run', positive, 20_000)
  .action(async ({ seconds, seed, frames }: Flags) => {
    const end = Date.now() + seconds * 1000
    for (let run = 0; run === 0 || Date.now() < end; run++) {
      const report = await hunt(seed + run, frames)
      if (report !== undefined) {
        process.stdout.write(report)
        process.exitCode = 1
        return
      }
      // Maps that are mapped are given back with the objects that show them, about which V8 is in no hurry.
      collectGarbage()
      process.stderr.write(`seed ${seed + run}: ${frames} frames, no difference\n`)
      await setImmediate()
    }
  })

await program.parseAsync()
