import type { Parameters, Sample, Unit } from './sample.js'

/** The samples of one subject in one case, by round. */
export interface Row extends Parameters {
  readonly measure: string
  readonly subject: string
  readonly unit: Unit
  /** Value of each round. */
  readonly values: ReadonlyMap<number, number>
}

/** Median; of an even number the mean of the middle two. @throws RangeError if there is none. */
export function median(values: Iterable<number>): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  if (low === undefined || high === undefined) throw new RangeError('no values')
  return (low + high) / 2
}

/** Puts together what differs in nothing but the round, in the order of first appearance. */
export function rowsOf(samples: readonly Sample[]): Row[] {
  const rows = new Map<string, Row & { values: Map<number, number> }>()
  for (const { round, value, ...of } of samples) {
    const key = JSON.stringify([of.measure, of.subject, of.unit, of.connections, of.services, of.servers])
    const row = rows.get(key) ?? { ...of, values: new Map() }
    row.values.set(round, value)
    rows.set(key, row)
  }
  return [...rows.values()]
}

/** Whether two rows measure the same thing, of whichever subject. */
export function isSameCase(a: Omit<Row, 'subject' | 'values'>, b: Omit<Row, 'subject' | 'values'>): boolean {
  return (['measure', 'unit', 'connections', 'services', 'servers'] as const).every((field) => a[field] === b[field])
}

/**
 * Median of what comes of comparing round with round: what disturbed the machine disturbed both.
 * @returns undefined if they have no round in common.
 */
export function compareRounds(a: Row, b: Row, compare: (a: number, b: number) => number): number | undefined {
  const compared = [...a.values].flatMap(([round, value]) => {
    const other = b.values.get(round)
    return other === undefined ? [] : [compare(value, other)]
  })
  return compared.length === 0 ? undefined : median(compared)
}

/** How many times b's value a's is, by {@link compareRounds}; of nothing nothing is a multiple. */
export function ratio(a: Row, b: Row): number | undefined {
  return [...b.values.values()].includes(0) ? undefined : compareRounds(a, b, (x, y) => x / y)
}
