/** Counting (stats.h): the only file that adds to counters. */
import { held, serverCountsLayout, serverLaneLayout, tableStatsLayout, trafficLayout } from '../tables/layout.gen.js'
import type { Tables } from './tables.js'

const wordRange = 2 ** 32

/** Adds to a counter of 64 bits. */
function add(view: DataView, offset: number, amount: number): void {
  const low = view.getUint32(offset, true) + amount
  view.setUint32(offset, low, true)
  if (low >= wordRange) view.setUint32(offset + 4, view.getUint32(offset + 4, true) + 1, true)
}

export function countVerdict({ verdicts }: Tables, verdict: number): void {
  add(verdicts, 8 * verdict, 1)
}

/** One packet from a client for a real server. @param bytes IP total length. */
export function countTraffic({ serverLanes }: Tables, server: number, bytes: number, isNew: boolean): void {
  const at = server * serverLaneLayout.size + serverLaneLayout.offsets.traffic
  const { offsets } = trafficLayout
  if (isNew) add(serverLanes, at + offsets.conns, 1)
  add(serverLanes, at + offsets.packets, 1)
  add(serverLanes, at + offsets.bytes, bytes)
}

/** Moves one connection of a server from one count to another (enum held); NOTHING on either side: it comes or goes. */
export function moveCount({ serverCounts }: Tables, server: number, from: number, to: number): void {
  if (from === to) return
  const { offsets, size } = serverCountsLayout
  const change = (count: number, by: number) => {
    const at = server * size + (count === held.ACTIVE ? offsets.active : offsets.inactive)
    serverCounts.setUint32(at, serverCounts.getUint32(at, true) + by, true)
  }
  if (to === held.ACTIVE || to === held.INACTIVE) change(to, 1)
  if (from === held.ACTIVE || from === held.INACTIVE) change(from, -1)
}

/** A half-open connection gave way to a new one. */
export function countEvicted({ tableStats }: Tables): void {
  add(tableStats, tableStatsLayout.offsets.evicted, 1)
}

export function countExpired({ tableStats }: Tables): void {
  add(tableStats, tableStatsLayout.offsets.expired, 1)
}
