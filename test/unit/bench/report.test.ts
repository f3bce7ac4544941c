import t from 'tap'
import type { Sample } from '../../../bench/measure.js'
import { median, table, targets, targetTable } from '../../../bench/report.js'
import type { SubjectName } from '../../../bench/subjects/subject.js'

const million = 1_000_000

function samples(name: Sample['case'], subject: SubjectName, ns: number[]): Sample[] {
  return ns.map((value, round) => ({ case: name, flows: million, subject, round, ns: value, harnessNs: 20 }))
}

const all = [
  ...samples('established', 'bare-tx', [2, 1, 3]),
  // The second round was disturbed: for both.
  ...samples('established', 'textbook-dr', [200, 400, 200]),
  ...samples('established', 'director-dr', [100, 200, 120]),
  ...samples('established', 'director-tun', [130, 250, 150]),
  ...samples('new connection', 'director-dr', [310, 290, 300]),
]

t.test('median', (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.throws(() => median([]), RangeError)
  t.end()
})

t.test('the table compares round with round', (t) => {
  const lines = table(all).split('\n')
  t.equal(lines.length, 6)
  t.match(lines[3], /^established +1,000,000 +director-dr +120 +100-200 +0\.50$/)
  t.match(lines[1], /bare-tx +2 +1-3$/)
  t.end()
})

t.test('targets', (t) => {
  const found = targets(all, { 'director-dr': 64 })
  t.strictSame(
    found.map(({ measured, atMost }) => [measured, atMost]),
    [
      [0.5, 0.7],
      [30, 40],
      [2.5, 2.5],
      [64, 48],
    ],
  )
  const verdicts = targetTable(found).split('\n').slice(1)
  t.ok(verdicts.slice(0, 3).every((line) => line.endsWith('reached')))
  t.match(verdicts[3], /64 bytes +MISSED$/)
  t.strictSame(targets([], {}), [], 'what was not measured is not judged')
  t.end()
})
