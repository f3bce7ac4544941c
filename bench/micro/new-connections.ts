import type { Case } from './case.js'

/** Every packet is a SYN of a flow not seen before. */
export const newConnectionCases: readonly Case[] = [
  {
    name: 'new connection',
    kind: 'syn',
    flows: 1_000_000,
    subjects: ['textbook DR', 'xlvs DR'],
    scattered: false,
    packets: 1_000_000,
    warmUp: 0,
    fresh: true,
  },
]
