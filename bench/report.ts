import type { Sample } from './measure.js'
import type { SubjectName } from './subjects/subject.js'

/** Bytes that a slot of a connection table takes. */
export type TableMemory = Readonly<Partial<Record<SubjectName, number>>>

/** The samples of one subject in one case, by round. */
interface Row {
  readonly case: Sample['case']
  readonly flows: number
  readonly subject: SubjectName
  readonly ns: readonly number[]
}

/** A figure to reach, and the figure reached. */
export interface Target {
  readonly what: string
  readonly atMost: number
  readonly measured: number
  readonly unit: string
}

/** Median; of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  if (low === undefined || high === undefined) throw new RangeError('no values')
  return (low + high) / 2
}

/** The table of all cases. The last column compares each subject with the textbook director that sends the same way. */
export function table(samples: readonly Sample[]): string {
  const rows = group(samples)
  const lines = rows.map((row) => {
    const rival = rows.find(({ subject, ...of }) => sameCase(of, row) && subject === rivalOf(row.subject))
    return [
      row.case,
      row.flows.toLocaleString('en-US'),
      row.subject,
      median(row.ns).toFixed(0),
      `${Math.min(...row.ns)}-${Math.max(...row.ns)}`,
      rival ? median(pairwise(row, rival, (a, b) => a / b)).toFixed(2) : '',
    ]
  })
  return align([['case', 'flows', 'program', 'ns/packet', 'min-max', 'x textbook'], ...lines])
}

/** The targets that the project has set itself, as far as there are samples for them. */
export function targets(samples: readonly Sample[], memory: TableMemory): Target[] {
  const rows = group(samples)
  const row = (name: Sample['case'], flows: number, subject: SubjectName) =>
    rows.find((each) => each.case === name && each.flows === flows && each.subject === subject)
  const million = 1_000_000
  const direct = row('established', million, 'director-dr')
  const textbook = row('established', million, 'textbook-dr')
  const tunnel = row('established', million, 'director-tun')
  const created = row('new connection', million, 'director-dr')
  const found: Target[] = []
  const add = (what: string, atMost: number, unit: string, measured: number) =>
    found.push({ what, atMost, unit, measured })
  if (direct && textbook) {
    add('DR, 1 M flows, of the textbook director', 0.7, 'x', median(pairwise(direct, textbook, (a, b) => a / b)))
  }
  if (direct && tunnel) add('TUN over DR, 1 M flows', 40, 'ns', median(pairwise(tunnel, direct, (a, b) => a - b)))
  if (direct && created) {
    // Cases are not run round by round beside each other: medians.
    add('new connection, of an established packet at 1 M flows', 2.5, 'x', median(created.ns) / median(direct.ns))
  }
  const bytes = memory['director-dr']
  if (bytes !== undefined) add('memory of a connection slot', 48, 'bytes', bytes)
  return found
}

/** The targets as text. */
export function targetTable(found: readonly Target[]): string {
  const figure = (value: number, unit: string) => `${Number(value.toFixed(2))} ${unit}`
  const lines = found.map(({ what, atMost, measured, unit }) => [
    what,
    figure(atMost, unit),
    figure(measured, unit),
    measured <= atMost ? 'reached' : 'MISSED',
  ])
  return align([['target', 'at most', 'measured', ''], ...lines])
}

function group(samples: readonly Sample[]): Row[] {
  const rows = new Map<string, Row & { ns: number[] }>()
  for (const { case: name, flows, subject, ns } of samples) {
    const key = `${name} ${flows} ${subject}`
    const row = rows.get(key) ?? { case: name, flows, subject, ns: [] }
    row.ns.push(ns)
    rows.set(key, row)
  }
  return [...rows.values()]
}

function sameCase(a: Pick<Row, 'case' | 'flows'>, b: Row): boolean {
  return a.case === b.case && a.flows === b.flows
}

function rivalOf(subject: SubjectName): SubjectName | undefined {
  if (subject === 'director-dr') return 'textbook-dr'
  return subject === 'director-tun' ? 'textbook-tun' : undefined
}

/** Compares round with round: what disturbed the machine disturbed both. */
function pairwise(row: Row, other: Row, compare: (a: number, b: number) => number): number[] {
  return row.ns.map((ns, round) => compare(ns, other.ns[round] ?? Number.NaN))
}

/** Columns; the first is text, of the others those that hold figures line up on the right. */
function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const isText = widths.map((_, column) => rows.slice(1).every((row) => !/^\d/.test(row[column] ?? '')))
  return rows
    .map((row) =>
      row.map((cell, i) => (isText[i] ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .map((line) => line.trimEnd())
    .join('\n')
}
