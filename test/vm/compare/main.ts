/**
 * `npm run test:vm`, inside the virtual machine: runs each case against kernel IPVS and xlvs, side by
 * side. The last line is `N passed, N failed`: steps after which both were alike, and cases that ended
 * with a difference.
 */
import { Command, InvalidArgumentError } from 'commander'
import { Workspace } from '../../lib/workspace.js'
import { fixedCases, generatedCase } from './cases/index.js'
import { meantDifferences } from './differences.js'
import { KernelIpvs } from './kernel-ipvs.js'
import { scopeOf } from './plan.js'
import { type Pair, runCase } from './run-case.js'
import type { Case } from './step.js'
import { Xlvs } from './xlvs.js'

interface Flags {
  readonly seed?: number
  readonly steps: number
}

const program = new Command('test:vm')
  .description('compares xlvs with kernel IPVS step by step')
  .argument('[case...]', 'beginnings of the names of the cases to run; default: all')
  .option('--seed <n>', 'run only random steps drawn from this seed', wholeNumber)
  .option('--steps <n>', 'how many random steps', wholeNumber, 200)
  .action(async (names: string[], { seed, steps }: Flags) => {
    const chosen =
      seed !== undefined
        ? [generatedCase(seed, steps)]
        : fixedCases.filter(({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)))
    if (chosen.length === 0) {
      program.error(
        `no case begins with ${names.join(' or ')}; there are: ${fixedCases.map(({ name }) => name).join(', ')}`,
      )
    }
    await runAll(chosen)
  })

/** One pair of directors serves until it has differed: starting one takes long where the processor is emulated. */
async function runAll(cases: readonly Case[]): Promise<void> {
  const adjust = meantDifferences()
  const workspace = new Workspace()
  let [passed, failed] = [0, 0]
  let pair: Pair | undefined
  for (const [i, each] of cases.entries()) {
    pair ??= [await KernelIpvs.start(workspace, `ipvs${i}`), await Xlvs.start(workspace, `xlvs${i}`)]
    const started = performance.now()
    const result = await runCase(each, scopeOf(i), pair, adjust)
    const time = `${((performance.now() - started) / 1000).toFixed(1)} s`
    passed += result.passed
    if (result.difference === undefined) {
      console.log(`ok   ${each.name} (${result.passed} steps, ${time})`)
      continue
    }
    failed++
    console.log(`FAIL ${each.name} (step ${result.passed + 1} of ${each.steps.length}, ${time})\n${result.difference}`)
    for (const subject of pair) await subject.close()
    pair = undefined
  }
  for (const subject of pair ?? []) await subject.close()
  workspace.close()
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('it has to be a whole number')
  return Number(text)
}

await program.parseAsync()
