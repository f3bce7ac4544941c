import type { StatusView } from '../api/protocol.js'

const labelWidth = 14

/**
 * The director's state for a person to read. Counters at 0 say nothing and are left out, unless `all` is set.
 */
export function formatStatus(status: StatusView, all: boolean): string {
  const { connections, verdicts } = status
  const { inUse, capacity, assured, evicted, expired, nearlyFull } = connections
  const share = ((100 * inUse) / capacity).toFixed(1)
  const counted = Object.entries(verdicts).filter(([, packets]) => all || packets > 0)
  const widest = Math.max(0, ...counted.map(([name]) => name.length))
  return [
    line('xlvs', `${status.version}, process ${status.pid}`),
    line('data plane', status.dataplane),
    ...status.refusals.map(({ what, reason }, i) => line(i === 0 ? 'not used' : '', `${what}: ${reason}`)),
    line('interfaces', status.interfaces.map(({ name, mode }) => `${name} (${mode})`).join(', ') || 'none'),
    line('services', `${count(status.services)}, with ${count(status.servers)} real servers`),
    line('connections', `${count(inUse)} of ${count(capacity)} (${share} %)${nearlyFull ? ', nearly full' : ''}`),
    line('', `${count(assured)} assured; ${count(expired)} expired, ${count(evicted)} evicted`),
    ...mostOf(connections),
    line('unresolved', status.unresolved.join(', ') || 'none'),
    line('packets', counted.length === 0 ? 'none' : ''),
    ...counted.map(([name, packets]) => `  ${name.padEnd(widest)}  ${count(packets).padStart(15)}`),
  ]
    .map((text) => `${text.trimEnd()}\n`)
    .join('')
}

/** The service with the most assured connections, and what it may have. */
function mostOf({ largest, capacity, nearlyFull, shareLimit = capacity }: StatusView['connections']): string[] {
  if (!largest) return []
  const { protocol, vip, vport } = largest.service
  const has = `${protocol.toUpperCase()} ${vip}:${vport} has the most, ${count(largest.assured)}`
  const isHeld = nearlyFull && largest.assured >= shareLimit
  return [line('', isHeld ? `${has}: over its share of ${count(shareLimit)}, it gets no more` : has)]
}

function line(label: string, value: string): string {
  return label.padEnd(labelWidth) + value
}

/** With commas between thousands; toLocaleString would load Intl first, which takes longer than all the rest. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
