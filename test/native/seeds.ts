/** Inputs that the fuzzer begins with. Each does what its name says, as its verdicts show. */
import type { verdictNames } from '../../src/dataplane/tables/layout.gen.js'
import { input } from './input.js'
import { answerSeeds } from './seeds-answers.js'
import { changeSeeds } from './seeds-changes.js'
import { connectionSeeds } from './seeds-connections.js'
import { packetSeeds } from './seeds-packets.js'

export type Verdict = Lowercase<(typeof verdictNames)[number]>
/** Packets by verdict; those that none got are left out. */
export type Verdicts = Readonly<Partial<Record<Verdict, number>>>

export interface Seed {
  readonly steps: readonly Buffer[]
  readonly verdicts: Verdicts
  /** Sets of the connection table. Default: 8. */
  readonly sets?: 1 | 2 | 4 | 8
}

/** By name. */
export const seeds: Readonly<Record<string, Seed>> = {
  ...packetSeeds,
  ...connectionSeeds,
  ...answerSeeds,
  ...changeSeeds,
}

/** What the fuzzer reads. */
export function seedBytes({ steps, sets }: Seed): Buffer {
  return input(steps, sets)
}
