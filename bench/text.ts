import { referenceOf } from './reference.js'
import type { Parameters, Section, Target } from './sample.js'
import { isSameCase, median, type Row, ratio, rowsOf } from './statistics.js'

const parameters: readonly (keyof Parameters)[] = ['connections', 'services', 'servers']

/** A section as a table; its last column compares each subject with the one that it is held against. */
export function sectionTable({ group, samples }: Section): string {
  const rows = rowsOf(samples)
  const shown = parameters.filter((name) => rows.some((row) => row[name] !== undefined))
  const compared = rows.map((row) => comparison(rows, row, referenceOf(group, row.subject)))
  const lines = rows.map((row, i) => [
    row.measure,
    ...shown.map((name) => row[name]?.toLocaleString('en-US') ?? ''),
    row.subject,
    figure(median(row.values.values())),
    `${figure(Math.min(...row.values.values()))} to ${figure(Math.max(...row.values.values()))}`,
    row.unit,
    compared[i] ?? '',
  ])
  return align([['measured', ...shown, 'of', 'median', 'min to max', 'unit', 'compared'], ...lines])
}

/** Targets as a table. */
export function targetTable(targets: readonly Target[]): string {
  const lines = targets.map((target) => [
    target.what,
    target.bound,
    `${figure(target.limit)} ${target.unit}`,
    `${figure(target.measured)} ${target.unit}`,
    isReached(target) ? 'reached' : 'MISSED',
  ])
  return align([['target', '', 'limit', 'measured', ''], ...lines])
}

export function isReached({ bound, limit, measured }: Target): boolean {
  return bound === 'at most' ? measured <= limit : measured >= limit
}

/** A number to three digits, or to the last before the point. */
export function figure(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 2) })
}

function comparison(rows: readonly Row[], row: Row, reference: string | undefined): string | undefined {
  const other = rows.find((each) => each.subject === reference && isSameCase(each, row))
  const times = other && ratio(row, other)
  return times === undefined ? undefined : `${figure(times)} x ${reference}`
}

/** Columns; those that hold figures line up on the right. */
function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const isFigure = widths.map((_, column) => rows.slice(1).every((row) => /^-?[\d,.]*$/.test(row[column] ?? '')))
  return rows
    .map((row) =>
      row.map((cell, i) => (isFigure[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  '),
    )
    .map((line) => line.trimEnd())
    .join('\n')
}
