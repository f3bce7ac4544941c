import type { Scheduler } from './scheduler.js'

/** Least connections, weights aside (net/netfilter/ipvs/ip_vs_lc.c). */
export const lc: Scheduler = {
  name: 'lc',
  plan: (candidates) => ({ pick: 'least', entries: candidates.map(({ index }) => ({ server: index, weight: 1 })) }),
}
