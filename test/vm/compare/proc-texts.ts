/** Texts of /proc, for what may differ in them. */

/** /proc/net/ip_vs with its services, each with its real servers, in the order of their names. */
export function sortedServices(text: string): string {
  const [title = '', ...services] = text.split(/^(?=(?:TCP|UDP) )/m)
  return [title, ...services.sort()].join('')
}

/** /proc/net/ip_vs_stats without its last line: conns, packets and bytes a second. */
export function withoutRateLine(text: string): string {
  return text.replace(/^( *Conns\/s .*\n).*$/m, '$1 (rates)')
}
