import type { Workspace } from '../../lib/workspace.js'
import { walkKeepalived } from '../netlink/keepalived-walk.js'
import { startManyServices } from '../netlink/many-services.js'
import { compareRefusals } from '../netlink/refusals.js'
import { checkTunl0 } from '../realserver/tunl0.js'
import { checkBudget } from '../verifier/budget.js'
import { fixedCases, randomCases } from './cases/index.js'
import type { KernelIpvs } from './kernel-ipvs.js'
import type { Lane } from './lane.js'
import type { Result } from './run-case.js'
import type { Case } from './step.js'
import type { Xlvs } from './xlvs.js'

/** Names a job, for another process: one of {@link jobs}, or what a seed decides. */
export type JobRequest = { readonly name: string } | RandomRequest

interface RandomRequest {
  readonly kind: keyof typeof randomCases
  readonly seed: number
  readonly steps: number
}

/** One of each kind. */
export function randomRequests(seed: number, steps: number): RandomRequest[] {
  return (['steps', 'packets'] as const).map((kind) => ({ kind, seed, steps }))
}

/** What a lane does at a time. */
export interface Job {
  readonly name: string
  run(lane: Lane, workspace: Workspace): Promise<Result>
}

/** All there is to do. */
export const jobs: readonly Job[] = [
  ...fixedCases.map(comparison),
  check('budget of the verifier', checkBudget),
  check('xlvs realserver with tunl0', checkTunl0),
  pair('netlink: a walk of keepalived', walkKeepalived),
  pair('netlink: refusals', compareRefusals),
  pair('keepalived with 500 services', startManyServices),
]

export function jobFor(request: JobRequest): Job {
  if ('seed' in request) return comparison(randomCases[request.kind](request.seed, request.steps))
  const found = jobs.find(({ name }) => name === request.name)
  if (!found) throw new Error(`no case has the name '${request.name}'`)
  return found
}

function comparison(each: Case): Job {
  return { name: each.name, run: (lane) => lane.run(each) }
}

type PairWork = (workspace: Workspace, kernel: KernelIpvs, xlvs: Xlvs) => Promise<Result>

/** What is done to both directors in another way than by steps. */
function pair(name: string, work: PairWork): Job {
  return { name, run: (lane, workspace) => lane.use((...pair) => work(workspace, ...pair)) }
}

function check(name: string, holds: (workspace: Workspace) => Promise<void>): Job {
  const run = async (_: Lane, workspace: Workspace): Promise<Result> => {
    try {
      await holds(workspace)
      return { passed: 1 }
    } catch (error) {
      return { passed: 0, difference: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
  }
  return { name, run }
}
