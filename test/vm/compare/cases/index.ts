import type { Case } from '../step.js'
import { commandCases } from './commands.js'
import { connectionCases } from './connections.js'
import { frameCases } from './frames.js'
import { generatedCase } from './generated.js'
import { schedulerCases } from './schedulers.js'

export { generatedCase }

/** Seeds that CI draws random steps from. */
const seeds = [1, 2]

/** All cases, in the order in which they run. */
export const fixedCases: readonly Case[] = [
  ...commandCases,
  ...schedulerCases,
  ...connectionCases,
  ...frameCases,
  ...seeds.map((seed) => generatedCase(seed, 100)),
]
