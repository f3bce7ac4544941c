import { setTimeout as delay } from 'node:timers/promises'
import { difference } from './compare.js'
import { isExpiring } from './connection-rows.js'
import type { Rule } from './differences.js'
import { type Observation, printedLines } from './observation.js'
import { clientPrefix, type Scope } from './plan.js'
import { type Case, describeStep, ipvsadm, type Step, within } from './step.js'
import type { Outcome, Subject } from './subject.js'

export type Pair = readonly [Subject, Subject]

/** How a case went: steps after which both directors were alike, and the first after which they were not. */
export interface Result {
  readonly passed: number
  readonly difference?: string
}

/**
 * How long one director may show what the other does not, in milliseconds: connections end by one
 * clock before the other, and IPVS adds up its counters every two seconds (estimation_timer() in
 * net/netfilter/ipvs/ip_vs_est.c).
 */
const graceMs = 3000
const intervalMs = 250

/** Rules and settings that a case begins with. */
const fresh = ipvsadm('-C', '--set 900 120 300')

type Acted = readonly [Omit<Observation, 'printed'>, Omit<Observation, 'printed'>]

/** Takes both directors through a case, step by step, up to the first difference. */
export async function runCase({ steps }: Case, scope: Scope, pair: Pair, adjust: Rule): Promise<Result> {
  const run = new CaseRun(scope, pair, adjust)
  for (const step of fresh) await run.act(step)
  const placed = steps.map((step) => within(scope, step))
  for (const [i, step] of placed.entries()) {
    const found = await run.compareAfter(step, placed[i + 1])
    if (found !== undefined) return { passed: i, difference: `${listing(placed.slice(0, i + 1))}\n${found}` }
  }
  return { passed: steps.length }
}

class CaseRun {
  constructor(
    private readonly scope: Scope,
    private readonly pair: Pair,
    private readonly adjust: Rule,
  ) {}

  /** Does a step to both directors and compares them. Within a row of packets the counters of IPVS are not waited for. */
  async compareAfter(step: Step, next: Step | undefined): Promise<string | undefined> {
    const acted = await this.act(step)
    const { observations, waited } = await this.#settle(acted)
    const withCounters = step.kind !== 'packets' || next?.kind !== 'packets'

    let found = this.#difference(observations, withCounters)
    const isPatient = waited || step.kind === 'wait' || (step.kind === 'packets' && withCounters)
    const deadline = performance.now() + (isPatient ? graceMs : 0)
    while (found !== undefined && performance.now() < deadline) {
      await delay(intervalMs)
      found = this.#difference(await this.#observe(acted), withCounters)
    }
    return found
  }

  /** Does a step to both directors, one after the other. */
  async act(step: Step): Promise<Acted> {
    if (step.kind === 'wait') await delay(step.seconds * 1000)
    return [await actOn(this.pair[0], step), await actOn(this.pair[1], step)]
  }

  #difference(observations: readonly [Observation, Observation], withCounters: boolean): string | undefined {
    const [first, second] = this.adjust(...observations)
    const names = [this.pair[0].name, this.pair[1].name] as const
    return difference(names, first, withCounters ? second : withCountersOf(first, second))
  }

  /** Observes when no connection is about to end: two clocks never agree on the moment. */
  async #settle(acted: Acted) {
    let waited = false
    for (;;) {
      const observations = await this.#observe(acted)
      if (!observations.some(({ printed }) => isExpiring(printed['-Lnc']))) return { observations, waited }
      waited = true
      await delay(intervalMs)
    }
  }

  #observe(acted: Acted): Promise<[Observation, Observation]> {
    return Promise.all([this.#observeOne(0, acted), this.#observeOne(1, acted)])
  }

  async #observeOne(i: 0 | 1, acted: Acted): Promise<Observation> {
    const texts = await this.pair[i].print(printedLines)
    const printed = Object.fromEntries(printedLines.map((line, j) => [line, texts[j] ?? '']))
    const own = withoutOthers(printed['-Lnc'] ?? '', this.scope)
    return { ...acted[i], printed: { ...printed, '-Lnc': own } as Observation['printed'] }
  }
}

async function actOn(subject: Subject, step: Step): Promise<Acted[number]> {
  switch (step.kind) {
    case 'ipvsadm': {
      const outcomes = new Map<string, Outcome>()
      for (const line of step.lines) {
        outcomes.set(line, await subject.ipvsadm(line.split(' ').filter(Boolean), step.input))
      }
      return { outcomes, sent: await subject.wire.flush() }
    }
    case 'packets':
      subject.wire.send(step.frames)
      return { sent: await subject.wire.flush() }
    case 'wait':
      return { sent: await subject.wire.flush() }
  }
}

function withCountersOf(first: Observation, second: Observation): Observation {
  const counters = '-Ln --stats --exact'
  return { ...second, printed: { ...second.printed, [counters]: first.printed[counters] } }
}

/** Connections of the cases before are left to end by themselves. */
function withoutOthers(text: string, { cip }: Scope): string {
  const lines = text.split('\n')
  return lines.filter((line) => !line.includes(clientPrefix) || line.includes(` ${cip}:`)).join('\n')
}

function listing(steps: readonly Step[]): string {
  return steps.map((step, i) => `${String(i + 1).padStart(4)}  ${describeStep(step)}`).join('\n')
}
