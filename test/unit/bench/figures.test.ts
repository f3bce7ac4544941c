import t from 'tap'
import type { Sample, Unit } from '../../../bench/sample.js'
import { compareRounds, median, ratio, rowsOf } from '../../../bench/statistics.js'
import { targetsOf } from '../../../bench/targets.js'
import { figure, sectionTable, targetTable } from '../../../bench/text.js'
import { hardware, rounds } from './fixture.js'

function ns(measure: string, subject: string, values: number[]): Sample[] {
  return rounds({ measure, subject, connections: 1_000_000, unit: 'ns' }, values)
}

const samples: Sample[] = [
  ...ns('established', 'bare XDP_TX', [2, 1, 3]),
  // The second round was disturbed: for both.
  ...ns('established', 'textbook DR', [200, 400, 200]),
  ...ns('established', 'xlvs DR', [100, 200, 120]),
  ...ns('established', 'xlvs TUN', [130, 250, 150]),
  ...ns('new connection', 'xlvs DR', [310, 290, 300]),
  ...rounds({ measure: 'memory of a slot', subject: 'xlvs DR', unit: 'bytes' }, [64]),
]
const section = { group: 'micro', environment: hardware, samples } as const

t.test('median', (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.throws(() => median([]), RangeError)
  t.end()
})

t.test('rows are compared round with round', (t) => {
  const [, textbook, direct, , created] = rowsOf(samples)
  if (!textbook || !direct || !created) throw new Error('rows are missing')
  t.equal(ratio(direct, textbook), 0.5)
  t.equal(
    compareRounds(textbook, direct, (a, b) => a - b),
    100,
  )
  const later = rowsOf(samples.map((sample) => ({ ...sample, round: sample.round + 3 })))[1]
  t.equal(later && ratio(direct, later), undefined, 'without a common round there is nothing to compare')
  t.end()
})

t.test('figures have three digits', (t) => {
  t.strictSame([0.4871, 12.345, 999.6, 1_234_567, 0, -7.25].map(figure), [
    '0.49',
    '12.3',
    '1,000',
    '1,234,567',
    '0',
    '-7.25',
  ])
  t.end()
})

t.test('the table of a section', (t) => {
  const lines = sectionTable(section).split('\n')
  t.equal(lines.length, 7)
  t.match(lines[3], /^established +1,000,000 +xlvs DR +120 +100 to 200 +ns +0\.5 x textbook DR$/)
  t.match(lines[1], /bare XDP_TX +2 +1 to 3 +ns$/)
  t.end()
})

t.test('targets', async (t) => {
  await t.test('of the programs alone', async (t) => {
    const found = targetsOf([section])
    t.strictSame(
      found.map(({ measured, limit }) => [measured, limit]),
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
  })

  await t.test('beside IPVS, on veth, and by size', async (t) => {
    const of = (measure: string, subject: string, unit: Unit, value: number, more: object = {}) =>
      rounds({ measure, subject, unit, ...more }, [value])
    const at60k = { connections: 60_000 }
    const ipvs = [
      ...of('established', 'xlvs DR', 'packets/s', 1200, { connections: 1 }),
      ...of('established', 'IPVS DR', 'packets/s', 1200, { connections: 1 }),
      ...of('established', 'xlvs DR', 'packets/s', 1300, at60k),
      ...of('established', 'IPVS DR', 'packets/s', 100, at60k),
      ...of('new connections', 'xlvs DR', 'connections/s', 700),
      ...of('new connections', 'IPVS DR', 'connections/s', 100),
    ]
    const veth = [
      ...of('established', 'bare XDP_TX', 'packets/s', 100, { connections: 100_000 }),
      ...of('established', 'xlvs DR, XDP_TX', 'packets/s', 50, { connections: 100_000 }),
    ]
    const busy = (connections: number, services: number, ns: number) =>
      of('established, one service busy', 'xlvs DR', 'ns', ns, { connections, services, servers: 4 })
    const scale = [
      ...[busy(100_000, 1, 90), busy(100_000, 10_000, 180), busy(10_000, 1, 20), busy(10_000, 10_000, 21)].flat(),
      ...of('one change', 'xlvs', 'ms', 10, { services: 10_000, servers: 4 }),
    ]
    const found = targetsOf([
      { group: 'ipvs', environment: hardware, samples: ipvs },
      { group: 'veth', environment: hardware, samples: veth },
      { group: 'scale', environment: hardware, samples: scale },
    ])
    t.strictSame(
      found.map(({ measured, bound, limit }) => `${measured} ${bound} ${limit}`),
      ['0.5 at least 0.6', '1.05 at most 1.1', '10 at most 20', '13 at least 12', '7 at least 8'],
    )
  })

  await t.test('what was not measured is not judged', async (t) => {
    t.strictSame(targetsOf([]), [])
  })
})
