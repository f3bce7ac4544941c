// Runs one test file and reads the TAP that it prints.
import { spawn } from 'node:child_process'
import { Parser } from 'tap-parser'

/** The reason that the parser gives for a file that says nothing. */
const nothingFound = 'no tests found'

/** Behind any of these that ends no line the parser finds no line any more. */
const unreadable = /[\r\u2028\u2029]/g

/** How much a file may print, in characters: the parser keeps much of it. */
const longestTap = 1 << 26
/** How much of its end is kept of what a file says on stderr, in characters. */
const keptStderr = 1 << 16

/**
 * @param {string} file compiled, as `dist/test/unit/imports.test.js`
 * @param {number} timeoutS after which tap ends the file's tests; a file that does not end then is killed
 * @param {number} graceMs how long a test that was told to stop may take to clean up, and processes that a file has
 *   left may hold its output open
 * @returns {Promise<{name: string, passed: number, failures: {name: string, diag?: unknown}[],
 *   skips: {name: string, reason: string}[], stderr: string, durationMs: number}>}
 *   A file that ends badly, or cannot be run, has a failure for that, whatever its assertions said. Nothing is thrown.
 */
export async function runFile(file, timeoutS, graceMs = 10_000) {
  const started = performance.now()
  const result = await run(file, timeoutS, graceMs).catch(({ message }) => ({
    passed: 0,
    failures: [{ name: `cannot be run: ${message}` }],
    skips: [],
    stderr: '',
  }))
  const name = file.replace(/^dist\//, '').replace(/\.test\.js$/, '')
  return { name, ...result, durationMs: performance.now() - started }
}

async function run(file, timeoutS, graceMs) {
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TAP_TIMEOUT: String(timeoutS) },
  })
  const timers = [setTimeout(() => child.kill('SIGKILL'), timeoutS * 1000 + graceMs)]
  const heldOpen = new Error('a process that the file has left holds it open')
  const letGo = () => {
    for (const stream of [child.stdout, child.stderr]) stream.destroy(heldOpen)
  }
  child.once('exit', () => timers.push(setTimeout(letGo, graceMs)))
  try {
    const [outcome, tap, stderr] = await Promise.all([ended(child), readTap(child), endOf(child.stderr)])
    return { passed: tap.passed, failures: [...tap.failures, ...faultsOf(tap, outcome)], skips: tap.skips, stderr }
  } finally {
    for (const timer of timers) clearTimeout(timer)
  }
}

/** @returns {Promise<{code: number | null, signal: string | null}>} */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

/** The last of what a stream says. */
async function endOf(stream) {
  let kept = ''
  try {
    for await (const chunk of stream.setEncoding('utf8')) kept = (kept + chunk).slice(-keptStderr)
  } catch {
    // What there was is as good.
  }
  return kept
}

/** Counts assertions at every depth; what closes a subtest is none. A file that cannot be read on is killed. */
async function readTap(child) {
  const found = { passed: 0, failures: [], skips: [] }
  const parser = new Parser()
  parser.on('result', ({ ok, skip, todo, fullname, diag }) => {
    if (skip || todo) found.skips.push({ name: fullname, reason: String(skip || todo) })
    else if (ok) found.passed++
    else found.failures.push({ name: fullname, diag })
  })
  parser.on('bailout', (reason) => found.failures.push({ name: `bailed out: ${reason}` }))
  try {
    let length = 0
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      length += chunk.length
      if (length > longestTap) throw new Error(`it is longer than ${longestTap} characters`)
      parser.write(chunk.replace(unreadable, ''))
    }
    parser.end()
  } catch ({ message }) {
    found.failures.push({ name: `the output cannot be read: ${message}` })
    child.kill('SIGKILL')
  }
  const { results } = parser
  if (results?.plan.skipAll && results.plan.skipReason !== nothingFound) {
    found.skips.push({ name: '', reason: results.plan.skipReason })
  }
  return { ...found, results }
}

/** What is wrong with the file as a whole, if no assertion says so already. */
function faultsOf({ passed, failures, skips, results }, { code, signal }) {
  if (results === null) return []
  if (signal !== null) return [{ name: `killed by ${signal}` }]
  if (failures.length > 0) return []
  if (code !== 0) return [{ name: `exit status ${code}` }]
  if (!results.ok) {
    const faults = results.failures.map(({ tapError, fullname }) => ({ name: tapError ?? fullname }))
    return faults.length > 0 ? faults : [{ name: 'a subtest is not what its plan says' }]
  }
  return passed + skips.length === 0 ? [{ name: 'no assertions' }] : []
}
