import { environmentLine } from '../environment.js'
import { harnessName } from '../micro/measure.js'
import type { Section } from '../sample.js'
import { median, type Row, rowsOf } from '../statistics.js'
import { figure } from '../text.js'
import type { NamedResult } from './rows.js'

/** What was measured as a table by connections, services or servers, and the command that made it: Markdown. */
export function readmeTable(results: readonly NamedResult[]): string {
  return results
    .map(({ result: { command, sections } }) => {
      const tables = sections.flatMap((section) => [
        `${section.group}, ${environmentLine(section.environment)}:`,
        ...tablesOf(section),
      ])
      return [`\`${command}\``, ...tables].join('\n\n')
    })
    .join('\n\n')
}

/** One table a unit: a line for each measure and subject, a column for each size. */
function tablesOf({ samples }: Section): string[] {
  const rows = rowsOf(samples).filter(({ subject }) => subject !== harnessName)
  const units = [...new Set(rows.map(({ unit }) => unit))]
  return units.map((unit) => {
    const own = rows.filter((row) => row.unit === unit)
    const sizes = [...new Set(own.map(sizeOf))]
    const names = [...new Set(own.map(nameOf))]
    const cell = (name: string, size: string) => own.find((row) => nameOf(row) === name && sizeOf(row) === size)
    const lines = names.map((name) => {
      const cells = sizes.map((size) => cell(name, size)).map((row) => (row ? figure(median(row.values.values())) : ''))
      return `| ${[name, ...cells].join(' | ')} |`
    })
    return [`| ${[unit, ...sizes].join(' | ')} |`, `|${' --- |'.repeat(sizes.length + 1)}`, ...lines].join('\n')
  })
}

function nameOf({ subject, measure }: Row): string {
  return `${subject}, ${measure}`
}

function sizeOf(row: Row): string {
  const parameters = (['connections', 'services', 'servers'] as const).flatMap((name) => {
    const value = row[name]
    return value === undefined ? [] : [`${value.toLocaleString('en-US')} ${value === 1 ? name.slice(0, -1) : name}`]
  })
  return parameters.join(', ')
}
