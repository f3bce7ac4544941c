import { xdpActions } from '../../src/bpf/index.js'
import { scatteringStride } from '../stride.js'
import { checkOutput, directorMac } from '../traffic.js'
import type { Case } from './case.js'
import { packetOf } from './frames.js'
import type { Harness, Load } from './harness.js'
import type { Subject } from './subject.js'

/** One timed run of one subject. */
export interface Timing<Name extends string> {
  readonly subject: Name | typeof harnessName
  readonly round: number
  /** Mean time of a packet in the run, without the harness's. */
  readonly ns: number
}

/** The harness's own time of a packet, which was subtracted from the others of its round. */
export const harnessName = 'the harness'

interface Entry {
  readonly subject: Subject
  /** Flows that have connections: 0 and the following. */
  flows: number
}

/** A case for subjects of any names. */
export type CaseOf<Name extends string> = Omit<Case, 'subjects'> & { readonly subjects: readonly Name[] }

/** Runs cases. Subjects live until close(), for their tables to grow from case to case. */
export class Bench<Name extends string> {
  readonly #subjects = new Map<Name, Entry>()

  /** @param open opens a subject with an empty connection table. */
  constructor(
    private readonly harness: Harness,
    private readonly open: (name: Name) => Subject,
  ) {}

  /** The subjects take turns; every second round goes backwards, so that none always follows the same one. */
  *run(spec: CaseOf<Name>, rounds: number): Iterable<Timing<Name>> {
    for (let round = 0; round < rounds; round++) {
      const { ns: harnessNs } = this.harness.run(this.harness.empty, loads(spec, 1).measured)
      yield { subject: harnessName, round, ns: harnessNs }
      const names = round % 2 === 0 ? spec.subjects : spec.subjects.toReversed()
      for (const subject of names) yield { subject, round, ns: this.#sample(spec, subject) - harnessNs }
    }
  }

  /** The subject as it stands, opened if it was not. */
  subject(name: Name): Subject {
    return this.#get(name).subject
  }

  close(): void {
    for (const { subject } of this.#subjects.values()) subject.close()
    this.#subjects.clear()
  }

  #sample(spec: CaseOf<Name>, name: Name): number {
    if (spec.fresh) this.#drop(name)
    const entry = this.#get(name)
    const { subject } = entry
    if (spec.kind === 'ack') this.#establish(entry, spec.flows)
    const { warmUp, measured } = spec.kind === 'ack' ? loads(spec, subject.services) : this.#newFlows(entry, spec)
    // Before the warm-up, too: many servers' counters would be in the caches in place of what was warmed.
    const before = subject.forwarded?.() ?? 0
    if (warmUp.packets > 0) this.harness.run(subject.program, warmUp)
    const { ns, retval, data } = this.harness.run(subject.program, measured)
    const last = flowAfter(measured, spec.packets - 1)
    if (retval !== xdpActions.tx) throw new Error(`${name}: returned ${retval} for flow ${last}, not XDP_TX`)
    const packet = packetOf(spec.kind, last, subject.services)
    const { sending, servers } = subject
    checkOutput({ sending, packet, sourceMac: directorMac, servers, frame: data })
    const sent = warmUp.packets + spec.packets
    const forwarded = (subject.forwarded?.() ?? sent) - before
    if (forwarded !== sent) throw new Error(`${name}: forwarded ${forwarded} of ${sent} packets`)
    if (spec.fresh) this.#drop(name)
    return ns
  }

  /** Opens connections until the table has so many: a SYN and an ACK each. */
  #establish(entry: Entry, flows: number): void {
    const packets = flows - entry.flows
    if (packets <= 0) return
    const { program, services } = entry.subject
    for (const kind of ['syn', 'ack'] as const) {
      this.harness.run(program, { kind, packets, flows, first: entry.flows, stride: 1 % flows, services })
    }
    entry.flows = flows
  }

  /** Flows that the subject has not seen. */
  #newFlows(entry: Entry, { packets }: Shape): { warmUp: Load; measured: Load } {
    const { flows: first, subject } = entry
    entry.flows += packets
    const load: Load = { kind: 'syn', first, flows: entry.flows, stride: 1, services: subject.services, packets: 0 }
    return { warmUp: load, measured: { ...load, packets } }
  }

  #get(name: Name): Entry {
    const known = this.#subjects.get(name)
    if (known) return known
    const entry: Entry = { subject: this.open(name), flows: 0 }
    this.#subjects.set(name, entry)
    return entry
  }

  #drop(name: Name): void {
    this.#subjects.get(name)?.subject.close()
    this.#subjects.delete(name)
  }
}

type Shape = Pick<Case, 'kind' | 'flows' | 'scattered' | 'packets' | 'warmUp'>

/** What goes before, and what is timed, which goes on where the other ended: of a million flows, those just warmed come last. */
function loads(shape: Shape, services: number): { warmUp: Load; measured: Load } {
  const { kind, flows, scattered, packets, warmUp } = shape
  const stride = scattered ? scatteringStride(flows) : 1 % flows
  const load = { kind, flows, packets: warmUp, first: 0, stride, services }
  return { warmUp: load, measured: { ...load, packets, first: flowAfter(load, warmUp) } }
}

function flowAfter({ first, stride, flows }: Load, packets: number): number {
  return (first + packets * stride) % flows
}
