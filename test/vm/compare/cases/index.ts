import type { Case } from '../step.js'
import { commandCases } from './commands.js'
import { connectionCases } from './connections.js'
import { frameCases } from './frames.js'
import { generatedCase } from './generated.js'
import { schedulerCases } from './schedulers.js'

export { generatedCase }

/** Seeds that CI draws random steps from. */
const seeds = [1, 2]
const stepsOfSeed = 200

/** All cases, in the order in which they begin: the longest first. */
export const fixedCases: readonly Case[] = [
  ...seeds.map((seed) => generatedCase(seed, stepsOfSeed)),
  ...commandCases,
  ...schedulerCases,
  ...connectionCases,
  ...frameCases,
]
