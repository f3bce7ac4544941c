/** Rows of `ipvsadm -Lnc`, for what is compared with tolerance: their order and their expiry. */

/** `TCP 14:55  ESTABLISHED …`: protocol, minutes, seconds, the rest. */
const row = /^(\S+\s+)(\d+):(\d\d)(.*)$/

export interface ConnectionRow {
  /** The row without its expiry. */
  readonly identity: string
  readonly expiresInS: number
}

/** The rows, and the lines that are none. */
export function parseConnections(text: string): { title: string; rows: ConnectionRow[] } {
  const lines = text.split('\n')
  const rows = lines.flatMap((line) => {
    const [, start, minutes, seconds, rest] = row.exec(line) ?? []
    return start === undefined
      ? []
      : [{ identity: `${start}#${rest}`, expiresInS: Number(minutes) * 60 + Number(seconds) }]
  })
  return { title: lines.filter((line) => !row.test(line)).join('\n'), rows }
}

export function formatConnections(title: string, rows: readonly ConnectionRow[]): string {
  const lines = rows.map(({ identity, expiresInS }) => {
    const minutes = String(Math.floor(expiresInS / 60)).padStart(2, '0')
    return identity.replace('#', `${minutes}:${String(expiresInS % 60).padStart(2, '0')}`)
  })
  return title + lines.map((line) => `${line}\n`).join('')
}

/** Whether some connection may end at any moment, by one director's clock before the other's. */
export function isExpiring(text: string): boolean {
  return parseConnections(text).rows.some(({ expiresInS }) => expiresInS <= toleranceS)
}

/** How far the expiry of a connection may be apart. */
export const toleranceS = 2
