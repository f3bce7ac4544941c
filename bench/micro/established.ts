import type { Case } from './case.js'
import { subjectNames } from './subject.js'

const established = {
  name: 'established',
  kind: 'ack',
  subjects: subjectNames,
  scattered: true,
  packets: 1_000_000,
  warmUp: 200_000,
  fresh: false,
} as const

/** Packets of connections that exist. Flows differ by a factor of a million because caches matter most. */
export const establishedCases: readonly Case[] = [
  { ...established, flows: 1 },
  { ...established, flows: 100_000 },
  { ...established, flows: 1_000_000 },
  { ...established, flows: 1_000_000, name: 'established, in order', scattered: false },
]
