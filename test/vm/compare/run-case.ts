import { setTimeout as delay } from 'node:timers/promises'
import { type Difference, difference } from './compare.js'
import { isExpiring } from './connection-rows.js'
import type { Rule } from './differences.js'
import {
  counterLine,
  nameOf,
  type Observation,
  printedLines,
  procFiles,
  type ShownText,
  shownTexts,
} from './observation.js'
import { clientPrefixes, otherClientOf, type Scope } from './plan.js'
import { describeStep, ipvsadm, type Step, within } from './step.js'
import type { Outcome, Subject } from './subject.js'
import type { Wire } from './wire.js'

export type Pair = readonly [Subject, Subject]

/** How a case went: steps after which both directors were alike, and the first after which they were not. */
export interface Result {
  readonly passed: number
  readonly difference?: string
}

/**
 * How long one director may show what the other does not, in milliseconds: a connection ends and is
 * taken off the counts by one clock before the other, and IPVS adds up its counters every two seconds
 * (estimation_timer() in net/netfilter/ipvs/ip_vs_est.c).
 */
const graceMs = 3500
const intervalMs = 400

/** Rules and settings that a case begins with. */
const fresh = ipvsadm('-C', '--set 900 120 300')

const withoutCounters = printedLines.filter((line) => line !== counterLine)

type Acted = readonly [Omit<Observation, 'printed'>, Omit<Observation, 'printed'>]
type Observed = readonly [Observation, Observation]

/** Takes both directors through steps and compares them after each, up to the first difference. */
export async function runSteps(steps: readonly Step[], scope: Scope, pair: Pair, adjust: Rule): Promise<Result> {
  const run = await StepRun.begin(scope, pair, adjust)
  const placed = steps.map((step) => within(scope, step))
  for (const [i, step] of placed.entries()) {
    const found = await run.compareAfter(step, placed[i + 1])
    if (found !== undefined) return { passed: i, difference: `${listing(placed.slice(0, i + 1))}\n${found}` }
  }
  return { passed: steps.length }
}

/** Takes both directors through steps and compares them after the last one only; gives what differs then. */
export async function runToLast(
  steps: readonly Step[],
  scope: Scope,
  pair: Pair,
  adjust: Rule,
): Promise<string | undefined> {
  const run = await StepRun.begin(scope, pair, adjust)
  const placed = steps.map((step) => within(scope, step))
  const last = placed.pop()
  for (const step of placed) {
    // Nothing is compared on the way, which would wait until IPVS has added up what -Z takes for zero.
    if (step.kind === 'ipvsadm' && step.lines.some((line) => line.startsWith('-Z'))) await delay(graceMs)
    await run.act(step)
  }
  const found = last && (await run.compareAfter(last, undefined))
  return found && `${listing([...placed, last])}\n${found}`
}

class StepRun {
  private constructor(
    private readonly scope: Scope,
    private readonly pair: Pair,
    private readonly adjust: Rule,
  ) {}

  static async begin(scope: Scope, pair: Pair, adjust: Rule): Promise<StepRun> {
    const run = new StepRun(scope, pair, adjust)
    for (const step of fresh) await run.act(step)
    return run
  }

  /** Does a step to both directors and compares them. Within a row of packets the counters of IPVS are not waited for. */
  async compareAfter(step: Step, next: Step | undefined): Promise<string | undefined> {
    const isWithin = hasFrames(step) && next !== undefined && hasFrames(next)
    const acted = await this.act(step)
    const lines = [...(isWithin ? withoutCounters : printedLines), ...(step.kind === 'files' ? procFiles : [])]
    let observed = await this.#settle(acted, lines)
    let found = this.#difference(step, observed)
    const deadline = performance.now() + graceMs
    while (found !== undefined && performance.now() < deadline) {
      await delay(intervalMs)
      const { names } = found
      observed = await this.#observe(
        observed,
        shownTexts.filter((line) => names.includes(nameOf(line))),
      )
      found = this.#difference(step, observed)
    }
    return found?.text
  }

  /** Does a step to both directors. */
  async act(step: Step): Promise<Acted> {
    if (step.kind === 'wait') await delay(step.seconds * 1000)
    return Promise.all([actOn(this.pair[0], step), actOn(this.pair[1], step)])
  }

  #difference(step: Step, observed: Observed): Difference | undefined {
    return difference([this.pair[0].name, this.pair[1].name], ...this.adjust(...observed, step))
  }

  /** Observes when no connection is about to end: two clocks never agree on the moment. */
  async #settle(acted: Acted, lines: readonly ShownText[]): Promise<Observed> {
    for (let isLate = false; ; isLate = true) {
      const connections = await this.#observe([nothing(acted[0]), nothing(acted[1])], ['-Lnc'])
      if (connections.some(({ printed }) => isExpiring(printed['-Lnc']))) await delay(intervalMs)
      else return this.#observe(connections, isLate ? lines : lines.filter((line) => line !== '-Lnc'))
    }
  }

  /** Has both directors print lines; what they do not print stays as it was. */
  #observe(before: Observed, lines: readonly ShownText[]): Promise<Observed> {
    return Promise.all([this.#observeOne(0, before[0], lines), this.#observeOne(1, before[1], lines)])
  }

  async #observeOne(i: 0 | 1, before: Observation, lines: readonly ShownText[]): Promise<Observation> {
    const texts = await this.pair[i].print(lines)
    const printed = lines.map((line, j) => [
      line,
      listsConnections(line) ? withoutOthers(texts[j] ?? '', this.scope) : texts[j],
    ])
    return { ...before, printed: { ...before.printed, ...Object.fromEntries(printed) } }
  }
}

function hasFrames({ kind }: Step): boolean {
  return kind === 'packets' || kind === 'drawn'
}

function nothing(acted: Acted[number]): Observation {
  return { ...acted, printed: { '-Ln': '', '-Lnc': '', '-Sn': '' } }
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
    case 'drawn':
      return { sent: await sentOneByOne(subject.wire, step.frames) }
    case 'wait':
    case 'files':
      return { sent: await subject.wire.flush() }
  }
}

/** Of several frames at once a kernel may hold some back while others pass (dev_gro_receive() with segments of data). */
async function sentOneByOne(wire: Wire, frames: readonly Buffer[]): Promise<Buffer[]> {
  const sent: Buffer[] = []
  for (const each of frames) {
    wire.sendBytes(each)
    sent.push(...(await wire.flush()))
  }
  return sent
}

function listsConnections(line: ShownText): boolean {
  return line === '-Lnc' || line === '/proc/net/ip_vs_conn'
}

/** As files of /proc have it. */
function hexAddress(address: string): string {
  const bytes = address.split('.').filter(Boolean)
  return bytes.map((byte) => Number(byte).toString(16).padStart(2, '0').toUpperCase()).join('')
}

const hexPrefixes = clientPrefixes.map(hexAddress)

/** Connections of the cases before are left to end by themselves. */
function withoutOthers(text: string, scope: Scope): string {
  const own = [scope.cip, otherClientOf(scope)]
  const ownHex = own.map(hexAddress)
  const isOther = (line: string) =>
    (clientPrefixes.some((prefix) => line.includes(prefix)) && !own.some((client) => line.includes(` ${client}:`))) ||
    (hexPrefixes.some((prefix) => line.includes(` ${prefix}`)) &&
      !ownHex.some((client) => line.includes(` ${client} `)))
  const lines = text.split('\n')
  return lines.filter((line) => !isOther(line)).join('\n')
}

function listing(steps: readonly Step[]): string {
  return steps.map((step, i) => `${String(i + 1).padStart(4)}  ${describeStep(step)}`).join('\n')
}
