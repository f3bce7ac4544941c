/** The seeds and all inputs that once failed, without any fuzzing. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { verdictNames } from '../../src/dataplane/tables/layout.gen.js'
import { checkoutFile } from '../lib/checkout.js'
import { seeds, type Verdicts } from './seeds.js'
import { writeSeeds } from './write-seeds.js'

/** Nothing on one CPU, with all stages in place, leads there; send.h takes care of the first two. */
const unreachable = ['drop_contended', 'drop_no_stage', 'drop_fault']

/** Runs the driver over files. Returns what it counted for each, by name. */
function run(files: readonly string[]): { status: number | null; report: string; verdicts: Map<string, Verdicts> } {
  const { status, stderr } = spawnSync(checkoutFile('build/test/native/fuzz'), files, {
    encoding: 'utf8',
    env: { ...process.env, PRINT_VERDICTS: '1' },
  })
  const verdicts = new Map<string, Verdicts>()
  for (const [, file = '', counted = ''] of stderr.matchAll(/^Running: (.*)\nverdicts:(.*)$/gm)) {
    const pairs = counted
      .split(' ')
      .filter(Boolean)
      .map((pair) => pair.split('=').map(Number))
    verdicts.set(
      basename(file),
      Object.fromEntries(pairs.map(([verdict = 0, packets]) => [verdictNames[verdict]?.toLowerCase(), packets])),
    )
  }
  return { status, report: stderr.slice(-8000), verdicts }
}

t.test('each seed exercises what its name says', async (t) => {
  const { status, report, verdicts } = run(writeSeeds(t.testdir()))
  t.equal(status, 0, status === 0 ? 'it ends well' : report)
  for (const [name, seed] of Object.entries(seeds)) t.same(verdicts.get(name), seed.verdicts, name)
})

t.test('the seeds have every verdict', async (t) => {
  const had = new Set(Object.values(seeds).flatMap(({ verdicts }) => Object.keys(verdicts)))
  const names = verdictNames.map((name) => name.toLowerCase())
  t.same(
    names.filter((name) => !had.has(name)),
    unreachable,
  )
})

t.test('inputs that once failed', async (t) => {
  const folder = checkoutFile('test/native/corpus')
  const files = readdirSync(folder).filter((name) => name !== 'README.md')
  if (files.length === 0) return
  const { status, report, verdicts } = run(files.map((name) => join(folder, name)))
  t.equal(status, 0, status === 0 ? 'it ends well' : report)
  t.equal(verdicts.size, files.length)
})
