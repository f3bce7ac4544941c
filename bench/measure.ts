import { xdpActions } from '../src/bpf/index.js'
import type { Case } from './cases/case.js'
import type { Harness, Load } from './harness.js'
import type { Subject, SubjectName } from './subjects/subject.js'
import { checkOutput } from './traffic.js'

/** One timed run. */
export interface Sample {
  readonly case: Case['name']
  readonly flows: number
  readonly subject: SubjectName
  readonly round: number
  /** Mean time of a packet in the run, without the harness's. */
  readonly ns: number
  /** The harness's own time of a packet in the same round. */
  readonly harnessNs: number
}

/** Opens a subject with an empty connection table. */
export type OpenSubject = (name: SubjectName) => Subject

/** Runs cases. Subjects live until close(), for their tables to grow from case to case. */
export class Bench {
  readonly #subjects = new Map<SubjectName, { subject: Subject; flows: number }>()

  constructor(
    private readonly harness: Harness,
    private readonly open: OpenSubject,
  ) {}

  /** The subjects take turns; every second round goes backwards, so that none always follows the same one. */
  *run(spec: Case, rounds: number): Iterable<Sample> {
    for (let round = 0; round < rounds; round++) {
      const { ns: harnessNs } = this.harness.run(this.harness.empty, loads(spec).measured)
      const names = round % 2 === 0 ? spec.subjects : spec.subjects.toReversed()
      for (const subject of names) {
        const ns = this.#sample(spec, subject) - harnessNs
        yield { case: spec.name, flows: spec.flows, subject, round, ns, harnessNs }
      }
    }
  }

  /** The subject as it stands, opened if it was not. */
  subject(name: SubjectName): Subject {
    return this.#get(name).subject
  }

  close(): void {
    for (const { subject } of this.#subjects.values()) subject.close()
    this.#subjects.clear()
  }

  #sample(spec: Case, name: SubjectName): number {
    if (spec.fresh) this.#drop(name)
    const entry = this.#get(name)
    if (!spec.fresh) this.#establish(entry, spec.flows)
    const { subject } = entry
    const { warmUp, measured } = loads(spec)
    if (warmUp.packets > 0) this.harness.run(subject.program, warmUp)
    const before = subject.forwarded?.() ?? 0
    const { ns, retval, data } = this.harness.run(subject.program, measured)
    const last = flowAfter(measured, spec.packets - 1)
    if (retval !== xdpActions.tx) throw new Error(`${name}: returned ${retval} for flow ${last}, not XDP_TX`)
    checkOutput(subject.sending, spec.kind, last, data)
    const forwarded = (subject.forwarded?.() ?? spec.packets) - before
    if (forwarded !== spec.packets) throw new Error(`${name}: forwarded ${forwarded} of ${spec.packets} packets`)
    if (spec.fresh) this.#drop(name)
    return ns
  }

  /** Opens connections until the table has so many: a SYN and an ACK each. */
  #establish(entry: { subject: Subject; flows: number }, flows: number): void {
    const packets = flows - entry.flows
    if (packets <= 0) return
    for (const kind of ['syn', 'ack'] as const) {
      this.harness.run(entry.subject.program, { kind, packets, flows, first: entry.flows, stride: 1 % flows })
    }
    entry.flows = flows
  }

  #get(name: SubjectName): { subject: Subject; flows: number } {
    const known = this.#subjects.get(name)
    if (known) return known
    const entry = { subject: this.open(name), flows: 0 }
    this.#subjects.set(name, entry)
    return entry
  }

  #drop(name: SubjectName): void {
    this.#subjects.get(name)?.subject.close()
    this.#subjects.delete(name)
  }
}

/** What goes before, and what is timed, which goes on where the other ended: of a million flows, those just warmed come last. */
function loads({ kind, flows, scattered, packets, warmUp }: Case): { warmUp: Load; measured: Load } {
  const load = { kind, flows, packets: warmUp, first: 0, stride: scattered ? scatteringStride(flows) : 1 % flows }
  return { warmUp: load, measured: { ...load, packets, first: flowAfter(load, warmUp) } }
}

function flowAfter({ first, stride, flows }: Load, packets: number): number {
  return (first + packets * stride) % flows
}

/** About the golden section of the flows, and coprime to them: it leads to all of them, neighbours far apart. */
function scatteringStride(flows: number): number {
  let stride = Math.floor(flows * 0.618)
  while (flows > 1 && gcd(stride, flows) !== 1) stride++
  return stride
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
