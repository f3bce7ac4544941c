// Runs the compiled tests. Arguments narrow: `npm test -- unit`, `npm test -- test/bpf/addon`.
// With CI=true a skipped test counts as a failed one: there everything must run.
// The last line is `N passed, N failed` (assertions).
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ensureBpffs } from '../dist/src/bpf/index.js'
import { runFile } from './test-file.mjs'
import { printResult } from './test-report.mjs'

const isCi = process.env.CI === 'true'

/** Folders of tests, in the order in which they run. Privileged ones share the kernel, so one file at a time. */
const suites = [
  { folder: 'unit', isPrivileged: false, timeoutS: 60 },
  { folder: 'native', isPrivileged: false, timeoutS: 60 },
  { folder: 'bpf', isPrivileged: true, timeoutS: 240 },
  { folder: 'netns', isPrivileged: true, timeoutS: 300 },
]

const files = select(process.argv.slice(2))
const totals = { passed: 0, failed: 0 }
const skips = []

for (const { folder, isPrivileged, timeoutS } of suites) {
  const chosen = files.filter((file) => file.startsWith(`dist/test/${folder}/`))
  if (chosen.length === 0) continue
  if (isPrivileged && process.getuid() !== 0) {
    count({ name: `test/${folder}`, passed: 0, failures: [], skips: [{ name: '', reason: 'needs root' }] })
    continue
  }
  if (isPrivileged) ensureBpffs('/sys/fs/bpf')
  await runAll(chosen, timeoutS, isPrivileged ? 1 : availableParallelism())
}

if (skips.length > 0) console.log(`\nskipped${isCi ? ', which fails where CI=true' : ''}:`)
for (const { name, reason } of skips) console.log(`  ${name}: ${reason}`)
if (isCi) totals.failed += skips.length
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1

/** The test files that some argument names; all without arguments. */
function select(args) {
  const all = readdirSync('dist/test', { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => `dist/test/${name}`)
    .sort()
  for (const arg of args) {
    if (!all.some((file) => isNamed(file, arg))) {
      console.error(`no test file begins with '${arg}' (unit, native, bpf, netns, or a path like test/unit/imports)`)
      process.exit(2)
    }
  }
  return args.length === 0 ? all : all.filter((file) => args.some((arg) => isNamed(file, arg)))
}

function isNamed(file, arg) {
  const start = arg.replace(/^(dist\/)?(test\/)?/, 'dist/test/').replace(/\.[jt]s$/, '')
  return file.startsWith(start)
}

async function runAll(queue, timeoutS, jobs) {
  const next = queue.values()
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (const file of next) count(await runFile(file, timeoutS))
    }),
  )
}

function count(result) {
  printResult(result)
  totals.passed += result.passed
  totals.failed += result.failures.length
  for (const { name, reason } of result.skips)
    skips.push({ name: [result.name, name].filter(Boolean).join(' > '), reason })
}
