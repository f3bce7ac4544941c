/** Rows of connections, as ipvsadm and the kernel list them, for what is compared with tolerance: their order and their expiry. */

/** How a list has the time that is left. */
export interface RowFormat {
  /** What is before the time, the time, what follows. */
  readonly pattern: RegExp
  seconds(time: string): number
  time(seconds: number): string
}

/** Of `ipvsadm -Lnc`: `TCP 14:55  ESTABLISHED …`. */
export const listedRows: RowFormat = {
  pattern: /^(\S+\s+)(\d+:\d\d)(.*)$/,
  seconds: (time) => time.split(':').reduce((sum, digits) => sum * 60 + Number(digits), 0),
  time: (seconds) => [seconds / 60, seconds % 60].map((value) => String(Math.floor(value)).padStart(2, '0')).join(':'),
}

/** Of /proc/net/ip_vs_conn: `TCP C6336401 9C40 … ESTABLISHED     895`. */
export const procRows: RowFormat = {
  pattern: /^(\S+ +(?:[\dA-F]{8} [\dA-F]{4} ){3}.{11} )([ \d]{7})(.*)$/,
  seconds: Number,
  time: (seconds) => String(seconds).padStart(7),
}

export interface ConnectionRow {
  /** The row without its expiry. */
  readonly identity: string
  readonly expiresInS: number
}

/** The rows, and the lines that are none. */
export function parseConnections(
  text: string,
  { pattern, seconds }: RowFormat = listedRows,
): { title: string; rows: ConnectionRow[] } {
  const lines = text.split('\n')
  const rows = lines.flatMap((line) => {
    const [, start, time = '', rest] = pattern.exec(line) ?? []
    return start === undefined ? [] : [{ identity: `${start}#${rest}`, expiresInS: seconds(time) }]
  })
  return { title: lines.filter((line) => !pattern.test(line)).join('\n'), rows }
}

export function formatConnections(
  title: string,
  rows: readonly ConnectionRow[],
  { time }: RowFormat = listedRows,
): string {
  return title + rows.map(({ identity, expiresInS }) => `${identity.replace('#', time(expiresInS))}\n`).join('')
}

/** Whether some connection may end at any moment, by one director's clock before the other's. */
export function isExpiring(text: string): boolean {
  return parseConnections(text).rows.some(({ expiresInS }) => expiresInS <= toleranceS)
}

/** How far the expiry of a connection may be apart. */
export const toleranceS = 2
