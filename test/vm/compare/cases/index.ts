import type { Case } from '../step.js'
import { commandCases } from './commands.js'
import { connectionCases } from './connections.js'
import { drawnCase } from './drawn.js'
import { frameCases } from './frames.js'
import { generatedCase } from './generated.js'
import { quoteCases } from './quotes.js'
import { realIpvsadmCases } from './real-ipvsadm.js'
import { schedulerCases } from './schedulers.js'

export { generatedCase }

/** Cases of any length that a seed decides. */
export const randomCases = { steps: generatedCase, packets: drawnCase } as const

/** Seeds that CI draws random steps from. */
const seeds = [1, 2]
const stepsOfSeed = 200
const stepsOfDrawn = 30

/** All cases, in the order in which they begin: the longest first. */
export const fixedCases: readonly Case[] = [
  ...seeds.map((seed) => generatedCase(seed, stepsOfSeed)),
  ...seeds.map((seed) => drawnCase(seed, stepsOfDrawn)),
  ...commandCases,
  ...schedulerCases,
  ...connectionCases,
  ...frameCases,
  ...quoteCases,
  ...realIpvsadmCases,
]
