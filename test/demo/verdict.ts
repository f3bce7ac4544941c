import type { Check } from '../lib/lab-judge.js'
import { columns, section, style, write } from './screen.js'

/** Shows what was asked for and seen, and a last line. Whether all of it held; without checks it could not be run. */
export function showVerdict(name: string, checks: readonly Check[], elapsedMs: number): boolean {
  if (checks.length > 0) {
    const rows = columns(checks.map(({ claim, held, seen }) => [held ? 'held' : 'NOT HELD', claim, seen]))
    section(
      'Verdict',
      rows.map((row, i) => style(checks[i]?.held ? 'good' : 'bad', row)),
    )
  }
  const failed = checks.filter(({ held }) => !held)
  const held = checks.length > 0 && failed.length === 0
  const reason = checks.length === 0 ? 'it could not be run' : failed.map(({ claim }) => claim).join('; ')
  const verdict = held ? style('good', 'held') : style('bad', `did not hold: ${reason}`)
  write('', `${style('heading', name)} ${verdict} ${style('aside', `in ${(elapsedMs / 1000).toFixed(1)} s`)}`)
  return held
}
