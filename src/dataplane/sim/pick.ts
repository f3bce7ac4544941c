/** The pickers: from a service's plan to a real server (pick.h). */
import {
  picker,
  planEntryLayout,
  planLayout,
  planSegmentLayout,
  serverCountsLayout,
  verdict,
} from '../tables/layout.gen.js'
import type { Tables } from './tables.js'

/** What an active connection costs in inactive ones (ip_vs_dest_conn_overhead() up to Linux 6.1). */
const activeOverhead = 256

/** A slot of real_servers, or why there is none. */
export type Pick = { readonly server: number } | { readonly verdict: number }

/** The server for a new connection. @param plan its service's. */
export function pickServer(tables: Tables, plan: number): Pick {
  const at = plan * planLayout.size
  const read = (offset: number) => tables.plans.getUint32(at + offset, true)
  const { offsets } = planLayout
  const server = read(offsets.nEntries) === 0 ? undefined : pickFrom(tables, at, read(offsets.picker))
  if (server !== undefined) return { server }
  return { verdict: read(offsets.nUnresolved) > 0 ? verdict.DROP_UNRESOLVED : verdict.ICMP_PORT_UNREACHABLE }
}

function pickFrom(tables: Tables, at: number, kind: number): number | undefined {
  if (kind === picker.SEQUENCE) return pickSequence(tables, at)
  return kind === picker.LEAST ? pickLeast(tables, at) : undefined
}

/** The next of the sequence that the segments spell out. */
function pickSequence({ plans, planSegments, planEntries }: Tables, at: number): number | undefined {
  const { cursor, length, firstSegment, nSegments } = planLayout.decode(plans, at)
  if (length === 0n) return undefined
  plans.setBigUint64(at + planLayout.offsets.cursor, cursor + 1n, true)
  const position = cursor % length
  let [low, high] = [0, nSegments]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const start = planSegments.getBigUint64((firstSegment + middle) * planSegmentLayout.size, true)
    if (start <= position) low = middle
    else high = middle
  }
  const segment = planSegmentLayout.decode(planSegments, (firstSegment + low) * planSegmentLayout.size)
  if (segment.nEntries === 0) return undefined
  const entry = segment.firstEntry + Number((position - segment.start) % BigInt(segment.nEntries))
  return planEntries.getUint32(entry * planEntryLayout.size, true)
}

/** The cheapest by its connections for its weight; the earlier keeps a tie. */
function pickLeast({ plans, planEntries, serverCounts }: Tables, at: number): number | undefined {
  const firstEntry = plans.getUint32(at + planLayout.offsets.firstEntry, true)
  const nEntries = plans.getUint32(at + planLayout.offsets.nEntries, true)
  let least: { server: number; overhead: number; weight: number } | undefined
  for (let entry = firstEntry; entry < firstEntry + nEntries; entry++) {
    const server = planEntries.getUint32(entry * planEntryLayout.size, true)
    const weight = planEntries.getUint32(entry * planEntryLayout.size + planEntryLayout.offsets.weight, true)
    const counts = server * serverCountsLayout.size
    const active = serverCounts.getUint32(counts + serverCountsLayout.offsets.active, true)
    const inactive = serverCounts.getUint32(counts + serverCountsLayout.offsets.inactive, true)
    const overhead = active * activeOverhead + inactive
    if (!least || isGreater(least.overhead, weight, overhead, least.weight)) least = { server, overhead, weight }
  }
  return least?.server
}

/** Whether a * b > c * d, for products beyond 2^53, too. */
function isGreater(a: number, b: number, c: number, d: number): boolean {
  const [left, right] = [a * b, c * d]
  if (left <= Number.MAX_SAFE_INTEGER && right <= Number.MAX_SAFE_INTEGER) return left > right
  return BigInt(a) * BigInt(b) > BigInt(c) * BigInt(d)
}
