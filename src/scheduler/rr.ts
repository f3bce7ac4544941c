import type { Scheduler } from './scheduler.js'

/**
 * Round robin: goes on after the server that was picked last, wherever that now stands in the list
 * (net/netfilter/ipvs/ip_vs_rr.c).
 */
export const rr: Scheduler = {
  name: 'rr',
  plan(candidates, progress) {
    const servers = candidates.map(({ index }) => index)
    const last = progress?.last ?? -1
    const next = servers.findIndex((index) => index > last)
    return {
      pick: 'sequence',
      segments: servers.length > 0 ? [{ start: 0, servers }] : [],
      length: servers.length,
      start: Math.max(next, 0),
    }
  },
}
