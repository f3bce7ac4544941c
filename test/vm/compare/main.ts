/**
 * `npm run test:vm`, inside the virtual machine: runs each case against kernel IPVS and xlvs, side by
 * side, and what else needs modules that hosts may lack. The last line is `N passed, N failed`: steps
 * after which both were alike, and cases that ended with a difference.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Command, InvalidArgumentError } from 'commander'
import { positive } from '../../lib/positive.js'
import { type JobRequest, jobFor, jobs, randomRequests } from './jobs.js'
import type { Result } from './run-case.js'

interface Flags {
  readonly seed?: number
  readonly steps?: number
  readonly lanes: number
}

const defaultSteps = 200

const program = new Command('test:vm')
  .description('compares xlvs with kernel IPVS step by step')
  .argument('[case...]', 'beginnings of the names of the cases to run; default: all')
  .option('--seed <n>', 'run only random steps and packets drawn from this seed', wholeNumber)
  .option('--steps <n>', `how many random steps; default: ${defaultSteps}`, positive)
  .option('--lanes <n>', 'pairs of directors that run at the same time', positive, 2)
  .action(async (names: string[], { seed, steps, lanes }: Flags) => {
    const chosen = jobs.filter(({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)))
    if (chosen.length === 0) {
      program.error(
        `error: no case begins with ${names.join(' or ')}; there are: ${jobs.map(({ name }) => name).join(', ')}`,
      )
    }
    if (seed === undefined && steps !== undefined)
      program.error('error: --steps is of random steps: --seed decides which')
    if (seed !== undefined && names.length > 0)
      program.error('error: --seed runs random steps only: it goes without cases')
    const requests =
      seed === undefined ? chosen.map(({ name }) => ({ name })) : randomRequests(seed, steps ?? defaultSteps)
    await runAll(requests, lanes)
  })

/** Each lane takes the next job: the waits of one fall together with the work of others. */
async function runAll(requests: readonly JobRequest[], lanes: number): Promise<void> {
  const queue = requests.values()
  let [passed, failed] = [0, 0]
  const work = async () => {
    const lane = fork(new URL('./lane-process.js', import.meta.url))
    for (const request of queue) {
      const started = performance.now()
      const result = await answerOf(lane, request)
      const time = `${((performance.now() - started) / 1000).toFixed(1)} s`
      passed += result.passed
      if (result.difference !== undefined) failed++
      console.log(report(jobFor(request).name, result, time))
    }
    if (!lane.connected) return
    lane.disconnect()
    await once(lane, 'exit')
  }
  await Promise.all(Array.from({ length: Math.min(lanes, requests.length) }, work))
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
}

/** A lane that ends has failed at what it was asked for, and at all it is asked for later. */
async function answerOf(lane: ChildProcess, request: JobRequest): Promise<Result> {
  const ended = { passed: 0, difference: 'the process of this lane has ended' }
  if (!lane.connected) return ended
  lane.send(request)
  const wait = new AbortController()
  const options = { signal: wait.signal }
  const answer = once(lane, 'message', options).then(([result]) => result as Result)
  const end = once(lane, 'exit', options).then(() => ended)
  return Promise.race([answer, end]).finally(() => {
    wait.abort()
    // The other one rejects now, which nobody waits for.
    for (const each of [answer, end]) each.catch(() => {})
  })
}

function report(name: string, { passed, difference }: Result, time: string): string {
  if (difference === undefined) return `ok   ${name} (${passed} steps, ${time})`
  return `FAIL ${name} (step ${passed + 1}, ${time})\n${difference}`
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('it has to be a whole number')
  return Number(text)
}

await program.parseAsync()
