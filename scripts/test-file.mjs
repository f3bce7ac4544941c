// Runs one test file and reads the TAP that it prints.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { Parser } from 'tap-parser'

/** The reason that the parser gives for a file that says nothing. */
const nothingFound = 'no tests found'

/** How long a test that was told to stop may take to clean up. */
const graceMs = 10_000

/**
 * @param {string} file compiled, as `dist/test/unit/imports.test.js`
 * @param {number} timeoutS after which tap ends the file's tests; a file that does not end then is killed
 * @returns {Promise<{name: string, passed: number, failures: {name: string, diag?: object}[],
 *   skips: {name: string, reason: string}[], stderr: string, durationMs: number}>}
 *   A file that ends badly has a failure for that, whatever its assertions said.
 */
export async function runFile(file, timeoutS) {
  const started = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TAP_TIMEOUT: String(timeoutS) },
  })
  const kill = setTimeout(() => child.kill('SIGKILL'), timeoutS * 1000 + graceMs)
  const [outcome, tap, stderr] = await Promise.all([ended(child), readTap(child.stdout), text(child.stderr)])
  clearTimeout(kill)
  return {
    name: file.replace(/^dist\//, '').replace(/\.test\.js$/, ''),
    passed: tap.passed,
    failures: [...tap.failures, ...faultsOf(tap, outcome)],
    skips: tap.skips,
    stderr,
    durationMs: performance.now() - started,
  }
}

/** @returns {Promise<{code: number | null, signal: string | null}>} */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

/** Counts assertions at every depth; what closes a subtest is none. */
function readTap(stream) {
  return new Promise((resolve) => {
    const found = { passed: 0, failures: [], skips: [] }
    const parser = new Parser((results) => {
      const { skipAll, skipReason } = results.plan
      if (skipAll && skipReason !== nothingFound) found.skips.push({ name: '', reason: skipReason })
      resolve({ ...found, results })
    })
    parser.on('result', ({ ok, skip, todo, fullname, diag }) => {
      if (skip || todo) found.skips.push({ name: fullname, reason: String(skip || todo) })
      else if (ok) found.passed++
      else found.failures.push({ name: fullname, diag })
    })
    parser.on('bailout', (reason) => found.failures.push({ name: `bailed out: ${reason}` }))
    stream.pipe(parser)
  })
}

/** What is wrong with the file as a whole, if no assertion says so already. */
function faultsOf({ passed, failures, skips, results }, { code, signal }) {
  if (signal !== null) return [{ name: `killed by ${signal}` }]
  if (failures.length > 0) return []
  if (code !== 0) return [{ name: `exit status ${code}` }]
  if (!results.ok) return results.failures.map(({ tapError }) => ({ name: tapError }))
  return passed + skips.length === 0 ? [{ name: 'no assertions' }] : []
}
