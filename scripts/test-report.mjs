// What the test runner prints of one file: a line, and all that is known of its failures.
import { inspect, stripVTControlCharacters } from 'node:util'

/** Fields of tap's diagnostics that are shown in their own way, or help nobody. */
const handled = ['diff', 'stack', 'at', 'source', 'compare', 'location', 'tapCaught']

const stderrLines = 40

export function printResult({ name, passed, failures, skips, stderr = '', durationMs = 0 }) {
  const state = failures.length > 0 ? 'FAIL' : passed === 0 ? 'skip' : 'ok  '
  const counts = [
    `${passed} passed`,
    ...(failures.length > 0 ? [`${failures.length} failed`] : []),
    ...(skips.length > 0 ? [`${skips.length} skipped`] : []),
  ]
  console.log(`${state} ${name} (${counts.join(', ')}, ${(durationMs / 1000).toFixed(1)} s)`)
  for (const failure of failures) printFailure(failure)
  if (failures.length > 0 && stderr !== '') {
    console.log(indent(`stderr:\n${stderr.trimEnd().split('\n').slice(-stderrLines).join('\n')}`, 4))
  }
}

/** A test may give anything as its diagnostics. */
function printFailure({ name, diag }) {
  console.log(indent(`not ok: ${plain(name)}`, 4))
  try {
    for (const text of detailsOf(diag)) console.log(indent(text, 6))
  } catch (error) {
    console.log(indent(`its diagnostics cannot be shown: ${error.message}`, 6))
  }
}

/** Diagnostics in the order in which they are read. */
function* detailsOf(diag) {
  if (diag?.constructor !== Object) {
    if (diag) yield plain(diag)
    return
  }
  for (const [key, value] of Object.entries(diag)) if (!handled.includes(key)) yield `${key}: ${plain(value)}`
  const { diff, source, stack, at } = diag
  const where = stack || (at?.fileName ? `${at.fileName}:${at.lineNumber}` : at)
  for (const value of [diff, source, where]) if (value) yield plain(value)
}

function plain(value) {
  return typeof value === 'string' ? stripVTControlCharacters(value).trimEnd() : inspect(value, { depth: 4 })
}

function indent(text, by) {
  return text.replace(/^(?!$)/gm, ' '.repeat(by))
}
