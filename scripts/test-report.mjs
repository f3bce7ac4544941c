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

function printFailure({ name, diag = {} }) {
  console.log(indent(`not ok: ${name}`, 4))
  const rest = Object.entries(diag).filter(([key]) => !handled.includes(key))
  for (const [key, value] of rest) console.log(indent(`${key}: ${plain(value)}`, 6))
  if (diag.diff) console.log(indent(diag.diff.trimEnd(), 6))
  if (diag.source) console.log(indent(diag.source.trimEnd(), 6))
  const where = diag.stack || (diag.at && `${diag.at.fileName}:${diag.at.lineNumber}`)
  if (where) console.log(indent(where.trimEnd(), 6))
}

function plain(value) {
  return typeof value === 'string' ? stripVTControlCharacters(value).trimEnd() : inspect(value, { depth: 4 })
}

function indent(text, by) {
  return text.replace(/^(?!$)/gm, ' '.repeat(by))
}
