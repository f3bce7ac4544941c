/** `npm run fuzz:native`: the packet path on this machine, under AddressSanitizer and UBSan, fed by libFuzzer. */
import { relative } from 'node:path'
import { Command } from 'commander'
import { checkoutFile } from '../lib/checkout.js'
import { exitOnSignals } from '../lib/exit-on-signals.js'
import { positive } from '../lib/positive.js'
import { runFuzzer } from './run-fuzzer.js'

interface Flags {
  readonly seconds: number
  readonly seed: number
}

/** As one would type it. */
const shown = (path: string) => relative(process.cwd(), path)

exitOnSignals()
const program = new Command('npm run fuzz:native --')
  .description(
    'Gives the packet path, compiled with AddressSanitizer and UBSan, frames and changes that libFuzzer makes up. ' +
      'Goes on from the seeds, from inputs that once failed (test/native/corpus), and from what it has found before ' +
      '(build/fuzz-native/found). An input that fails is kept in build/fuzz-native/failed.',
  )
  .option('--seconds <n>', 'how long', positive, 60)
  .option('--seed <n>', 'of what is random', positive, Date.now() % 1_000_000)
  .action(async ({ seconds, seed }: Flags) => {
    const driver = checkoutFile('build/test/native/fuzz')
    const { executed, coverage, failure } = await runFuzzer({
      program: driver,
      seconds,
      seed,
      folder: checkoutFile('build/fuzz-native'),
      corpora: [checkoutFile('test/native/corpus')],
      onProgress: (line) => process.stderr.write(`${line}\n`),
    })
    process.stdout.write(`seed ${seed}: ${executed} inputs, coverage ${coverage}\n`)
    if (failure) {
      process.stdout.write(`${failure.report}\n`)
      if (failure.file) process.stdout.write(`once more: ${shown(driver)} ${shown(failure.file)}\n`)
      process.exitCode = 1
    }
    // What .ci/run adds up.
    process.stdout.write(failure ? '0 passed, 1 failed\n' : '1 passed, 0 failed\n')
  })

await program.parseAsync()
