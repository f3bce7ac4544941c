import { shrink } from '../../lib/shrink.js'
import type { Workspace } from '../../lib/workspace.js'
import type { Rule } from './differences.js'
import { KernelIpvs } from './kernel-ipvs.js'
import { scopeOf } from './plan.js'
import { type Pair, type Result, runSteps, runToLast } from './run-case.js'
import type { Case, Step } from './step.js'
import { Xlvs } from './xlvs.js'

/** How long a difference among random steps may be made shorter. */
const shrinkForMs = 120_000

/**
 * Runs cases one after the other, by one pair of directors: starting one takes long where the processor
 * is emulated. Each case has addresses of its own, so that one that has differed leaves nothing to the next.
 */
export class Lane {
  #pair: readonly [KernelIpvs, Xlvs] | undefined
  #pairs = 0
  #runs = 0

  constructor(
    private readonly workspace: Workspace,
    private readonly adjust: Rule,
  ) {}

  /** An error of the suite itself is a difference too: nothing was found to be alike. */
  async run({ steps, isRandom, byRealIpvsadm }: Case): Promise<Result> {
    try {
      const [kernel, xlvs] = await this.#openPair()
      const pair: Pair = [kernel, byRealIpvsadm ? xlvs.byRealIpvsadm() : xlvs]
      const result = await runSteps(steps, this.#nextScope(), pair, this.adjust)
      if (result.difference === undefined) return result
      const shorter = isRandom ? await this.#shorter(steps.slice(0, result.passed + 1), pair) : undefined
      return shorter === undefined
        ? result
        : { ...result, difference: `${result.difference}\nWith fewer steps:\n${shorter}` }
    } catch (error) {
      await this.close().catch(() => {})
      return { passed: 0, difference: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
  }

  /** Does something else than steps with the two directors; both begin empty. */
  async use(work: (kernel: KernelIpvs, xlvs: Xlvs) => Promise<Result>): Promise<Result> {
    try {
      const pair = await this.#openPair()
      for (const subject of pair) await subject.ipvsadm(['-C'])
      return await work(...pair)
    } catch (error) {
      await this.close().catch(() => {})
      return { passed: 0, difference: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
  }

  async close(): Promise<void> {
    const pair = this.#pair ?? []
    this.#pair = undefined
    for (const subject of pair) await subject.close()
  }

  async #openPair(): Promise<readonly [KernelIpvs, Xlvs]> {
    if (this.#pair === undefined) {
      const n = this.#pairs++
      this.#pair = [await KernelIpvs.start(this.workspace, `ipvs${n}`), await Xlvs.start(this.workspace, `xlvs${n}`)]
    }
    return this.#pair
  }

  #nextScope() {
    return scopeOf(this.#runs++)
  }

  /** The difference that fewer steps show, if it can be had again. */
  async #shorter(steps: readonly Step[], pair: Pair): Promise<string | undefined> {
    const deadline = performance.now() + shrinkForMs
    let shortest: string | undefined
    const differs = async (candidate: readonly Step[]) => {
      const found = await runToLast(candidate, this.#nextScope(), pair, this.adjust)
      if (found !== undefined) shortest = found
      return found !== undefined
    }
    await shrink(steps, differs, () => performance.now() < deadline)
    return shortest
  }
}
