/** Packets per second by raw sockets, beside XDP in generic mode, and what deciding takes of that: see bench/README.md. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Workspace } from '../../test/lib/workspace.js'
import { BenchError } from '../error.js'
import type { Session } from '../group.js'
import { startBareSockets, startXlvs, type XlvsOptions } from '../live/director.js'
import { Meter } from '../live/meter.js'
import { Testbed, vips } from '../live/testbed.js'
import type { Sample } from '../sample.js'
import { scatteringStride } from '../stride.js'
import type { Sending } from '../traffic.js'
import { Deciding } from './deciding.js'

interface Candidate {
  readonly subject: string
  /** xlvs, by its data plane, or nothing but sockets. */
  readonly by: XlvsOptions['mode'] | keyof typeof bareSockets
  readonly sending: Sending
}

/** By the words of bare.ts. */
const bareSockets = { 'bare, addon': 'addon', 'bare, npm': 'npm' } as const

const allCandidates: readonly Candidate[] = [
  { subject: 'bare raw sockets', by: 'bare, addon', sending: 'route' },
  { subject: 'bare, npm package', by: 'bare, npm', sending: 'route' },
  { subject: 'xlvs DR, raw', by: 'raw', sending: 'route' },
  { subject: 'xlvs TUN, raw', by: 'raw', sending: 'tunnel' },
  { subject: 'xlvs DR, generic', by: 'generic', sending: 'route' },
]

/** By the package it is only to compare sockets with. */
const quickCandidates = allCandidates.filter(({ by }) => by !== 'bare, npm')

const connections = 10_000
/** Half of what is to be reached: nothing may be lost. */
const calmRate = 50_000
/** Packets that the module alone decides. */
const decided = 1_000_000
/** Packets before a measurement, from which the generator's speed is known. */
const warmUp = 50_000
/** The last packets of a measurement are on their way. */
const settleMs = 200

export async function raw({ quick, progress }: Session): Promise<readonly Sample[]> {
  const { rounds, ms } = quick ? { rounds: 2, ms: 300 } : { rounds: 7, ms: 3000 }
  const workspace = new Workspace()
  const samples: Sample[] = []
  try {
    const deciders = [
      { subject: 'xlvs DR, module', deciding: new Deciding('route', connections) },
      { subject: 'xlvs TUN, module', deciding: new Deciding('tunnel', connections) },
    ]
    progress('namespaces, interfaces, directors')
    const runners: Runner[] = []
    const beds = new Map<string, Testbed>()
    for (const candidate of quick ? quickCandidates : allCandidates) {
      const bed = beds.get(candidate.by) ?? (await stand(workspace, candidate.by))
      beds.set(candidate.by, bed)
      const runner = new Runner(candidate, bed)
      await runner.establish()
      runners.push(runner)
    }
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`)
      for (const { subject, deciding } of deciders) {
        const value = deciding.measure(decided)
        samples.push({ measure: 'deciding', subject, connections, round, value, unit: 'ns' })
      }
      for (const runner of round % 2 === 0 ? runners : runners.toReversed()) {
        const common = { subject: runner.subject, connections, round }
        const overload = await runner.flood(ms)
        samples.push({ measure: 'offered more than it takes', ...common, value: overload, unit: 'packets/s' })
        const lost = await runner.pace(calmRate, ms)
        samples.push({ measure: 'lost of 50 k packets/s', ...common, value: lost, unit: 'packets/s' })
      }
    }
    return samples
  } finally {
    workspace.close()
  }
}

async function stand(workspace: Workspace, by: Candidate['by']): Promise<Testbed> {
  const bed = await Testbed.create(workspace, 'one interface')
  await (isBare(by) ? startBareSockets(bed, bareSockets[by]) : startXlvs(bed, { mode: by }))
  return bed
}

function isBare(by: Candidate['by']): by is keyof typeof bareSockets {
  return by in bareSockets
}

class Runner {
  readonly #vip: string
  readonly #stride = scatteringStride(connections)
  #next = 0

  constructor(
    readonly candidate: Candidate,
    readonly bed: Testbed,
  ) {
    this.#vip = vips[candidate.sending === 'tunnel' ? 'tunnel' : 'route']
  }

  get subject(): string {
    return this.candidate.subject
  }

  async establish(): Promise<void> {
    if (isBare(this.candidate.by)) return
    await new Meter(this.subject, this.bed, this.candidate.sending).establish(connections)
  }

  /** @returns packets a second that arrive while as many are sent as can be. */
  async flood(ms: number): Promise<number> {
    this.#send(warmUp)
    const packets = Math.ceil((warmUp * ms) / this.#send(warmUp))
    const before = this.#start()
    const arrivedBefore = this.#arrived()
    const tookMs = this.#send(packets)
    const rate = ((this.#arrived() - arrivedBefore) / tookMs) * 1000
    await sleep(settleMs)
    this.#check(before)
    return rate
  }

  /** @returns how many a second get lost of so many. */
  async pace(rate: number, ms: number): Promise<number> {
    const before = this.#start()
    const arrivedBefore = this.#arrived()
    const packets = Math.ceil((rate * ms) / 1000)
    const tookMs = this.#send(packets, rate)
    await sleep(settleMs)
    this.#check(before)
    if (tookMs > ms * 1.1) throw new BenchError(`${this.subject}: the generator was too slow for ${rate} packets/s`)
    return ((packets - (this.#arrived() - arrivedBefore)) / ms) * 1000
  }

  #start(): number {
    this.bed.sink.expect(this.#vip, this.candidate.sending === 'tunnel')
    return this.bed.sink.counts().strange
  }

  /** @returns how long it took, in ms. */
  #send(packets: number, rate?: number): number {
    const { sending } = this.candidate
    const load = { vip: this.#vip, sending, packets, flows: connections, first: this.#next, stride: this.#stride }
    const paced = rate === undefined ? load : { ...load, rate }
    this.#next = (this.#next + packets * this.#stride) % connections
    return this.bed.generator.send({ ...paced, synEvery: 0, newFlow: 0 })
  }

  #arrived(): number {
    return this.bed.sink.counts().byServer.reduce((total, count) => total + count, 0)
  }

  /** A figure counts only if what arrived was right. */
  #check(strangeBefore: number): void {
    const strange = this.bed.sink.counts().strange - strangeBefore
    if (strange > 0) throw new BenchError(`${this.subject}: ${strange} packets were not as expected`)
    if (this.bed.sink.samples().length === 0) throw new BenchError(`${this.subject}: no packet was looked at`)
  }
}
