import { styleText } from 'node:util'

const styles = { heading: 'bold', good: 'green', bad: 'red', aside: 'dim' } as const

/** Colours text on a terminal; elsewhere it stays plain. */
export function style(name: keyof typeof styles, text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? styleText(styles[name], text) : text
}

/** Prints lines. */
export function write(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Prints an empty line, a heading, and lines below it. */
export function section(heading: string, lines: readonly string[]): void {
  write('', style('heading', heading), ...lines.map((line) => `  ${line}`))
}

/** Rows as aligned columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const width = (i: number) => Math.max(...rows.map((row) => row[i]?.length ?? 0))
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(width(i)))
      .join('  ')
      .trimEnd(),
  )
}
