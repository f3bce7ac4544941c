import type { Environment, GroupName, Result } from '../sample.js'
import { median, type Row, rowsOf } from '../statistics.js'

/** A run of the benchmark, under the name that it has in the report. */
export interface NamedResult {
  readonly name: string
  readonly result: Result
}

/** A row of samples as plots want it. */
export interface PlotRow {
  readonly run: string
  readonly measure: string
  readonly subject: string
  readonly unit: string
  readonly connections?: number
  readonly services?: number
  readonly servers?: number
  readonly median: number
  readonly low: number
  readonly high: number
}

/** What one group measured on one kind of processor, in all runs: what may stand in one plot. */
export interface Part {
  readonly group: GroupName
  readonly environments: readonly Environment[]
  readonly rows: readonly PlotRow[]
  /** By run, for comparisons within rounds. */
  readonly byRun: ReadonlyMap<string, readonly Row[]>
}

interface Growing {
  readonly group: GroupName
  readonly environments: Environment[]
  readonly byRun: Map<string, Row[]>
}

/** Groups in the order of the first result; figures of an emulated processor stay apart from others. */
export function partsOf(results: readonly NamedResult[]): Part[] {
  const parts = new Map<string, Growing>()
  for (const { name, result } of results) {
    for (const { group, environment, samples } of result.sections) {
      const key = `${group} ${environment.emulated}`
      const part: Growing = parts.get(key) ?? { group, environments: [], byRun: new Map() }
      part.environments.push(environment)
      part.byRun.set(name, [...(part.byRun.get(name) ?? []), ...rowsOf(samples)])
      parts.set(key, part)
    }
  }
  return [...parts.values()].map((part) => ({ ...part, rows: [...part.byRun].flatMap(plotRows) }))
}

function plotRows([run, rows]: readonly [string, readonly Row[]]): PlotRow[] {
  return rows.map(({ values, ...of }) => {
    const all = [...values.values()]
    return { run, ...of, median: median(all), low: Math.min(...all), high: Math.max(...all) }
  })
}
