import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { writeSeeds } from './write-seeds.js'

/** Bytes of an input that the fuzzer makes, at most. */
const longest = 4096
/** An input that takes longer is a finding: they take some milliseconds. */
const timeoutS = 10
const memoryMb = 1024
/** Lines of what the fuzzer says in the end that a report shows: from where a fault is named on, or else. */
const shownLines = { fault: 200, other: 10 }

export interface FuzzerOptions {
  /** The driver, test/native/fuzz.c. */
  readonly program: string
  readonly seconds: number
  readonly seed: number
  /** Where the seeds are written, and what the fuzzer finds, which it goes on from the next time. */
  readonly folder: string
  /** Folders of more inputs to begin with. */
  readonly corpora?: readonly string[]
  /** Told now and then how far it is, in libFuzzer's words. */
  readonly onProgress?: (line: string) => void
}

export interface Outcome {
  /** What went wrong, and the input that shows it if there is one; undefined: nothing did. */
  readonly failure?: { readonly file: string | undefined; readonly report: string }
  /** Inputs tried. */
  readonly executed: number
  /** Edges of the program that were taken, as libFuzzer counts them. */
  readonly coverage: number
}

/** Fuzzes the packet path for so many seconds, or until something is found. All that libFuzzer says is kept in `log`. */
export async function runFuzzer(options: FuzzerOptions): Promise<Outcome> {
  const { program, seconds, seed, folder, corpora = [], onProgress = () => {} } = options
  const [seeds, found, failed] = [join(folder, 'seeds'), join(folder, 'found'), join(folder, 'failed')]
  rmSync(seeds, { recursive: true, force: true })
  writeSeeds(seeds)
  for (const each of [found, failed]) mkdirSync(each, { recursive: true })
  const limits = [`-max_len=${longest}`, `-timeout=${timeoutS}`, `-rss_limit_mb=${memoryMb}`]
  const flags = [`-max_total_time=${seconds}`, `-seed=${seed}`, `-artifact_prefix=${failed}/`, '-print_final_stats=1']
  const child = spawn(program, [...limits, ...flags, found, seeds, ...corpora], { stdio: ['ignore', 'ignore', 'pipe'] })
  const stop = () => child.kill()
  process.once('exit', stop)
  try {
    const [[status, signal], said] = await Promise.all([
      once(child, 'close'),
      read(child.stderr, join(folder, 'log'), onProgress),
    ])
    const isWell = status === 0
    return {
      ...said.figures,
      ...(!isWell && { failure: { file: said.file, report: report(said.last, signal ?? status) } }),
    }
  } finally {
    process.off('exit', stop)
  }
}

async function read(stderr: NodeJS.ReadableStream, logFile: string, onProgress: (line: string) => void) {
  const log = createWriteStream(logFile)
  const last: string[] = []
  const figures = { executed: 0, coverage: 0 }
  let file: string | undefined
  for await (const line of createInterface({ input: stderr })) {
    log.write(`${line}\n`)
    last.push(line)
    if (last.length > shownLines.fault) last.shift()
    if (/^#\d+\s+pulse /.test(line)) onProgress(line)
    file = /Test unit written to (.*)$/.exec(line)?.[1] ?? file
    figures.coverage = Number(/^#\d+\s.* cov: (\d+)/.exec(line)?.[1] ?? figures.coverage)
    figures.executed = Number(/^(?:#|stat::number_of_executed_units: )(\d+)/.exec(line)?.[1] ?? figures.executed)
  }
  log.end()
  await finished(log)
  return { file, last, figures }
}

function report(lines: readonly string[], ending: number | string): string {
  const first = lines.findIndex((line) => /: not so: |: runtime error: |ERROR: /.test(line))
  return [...lines.slice(first < 0 ? -shownLines.other : first), `the fuzzer ended with ${ending}`].join('\n')
}
