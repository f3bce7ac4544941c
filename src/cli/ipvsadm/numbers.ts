const decimal = /^[ \t\n\v\f\r]*[+-]?[0-9]+$/

/** A whole decimal number within limits, as C's strtol reads it (leading blanks and a sign are allowed); otherwise undefined. */
export function parseInteger(text: string, least: number, most: number): number | undefined {
  if (!decimal.test(text)) return undefined
  const value = Number(text)
  return value >= least && value <= most ? value : undefined
}

/** A count in a column of nine characters, abbreviated from 10^8 on: ipvsadm's print_largenum. */
export function largeNumber(value: number, exact: boolean): string {
  if (exact) {
    const digits = String(value)
    return digits.padStart(Math.max(9, digits.length + 1))
  }
  if (value < 1e8) return String(value).padStart(9)
  const [divisor, unit] = value < 1e9 ? [1e3, 'K'] : value < 1e11 ? [1e6, 'M'] : value < 1e14 ? [1e9, 'G'] : [1e12, 'T']
  return `${Math.floor(value / divisor)}`.padStart(8) + unit
}
