import type { Scheduler } from './scheduler.js'

/** Least connections for its weight (net/netfilter/ipvs/ip_vs_wlc.c). */
export const wlc: Scheduler = {
  name: 'wlc',
  plan: (candidates) => ({
    pick: 'least',
    entries: candidates.map(({ index, weight }) => ({ server: index, weight })),
  }),
}
