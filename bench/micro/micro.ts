/** ns per packet of the XDP program alone: see bench/README.md. */
import type { Session } from '../group.js'
import type { Sample } from '../sample.js'
import type { Case } from './case.js'
import { establishedCases } from './established.js'
import { Harness } from './harness.js'
import { Bench } from './measure.js'
import { newConnectionCases } from './new-connections.js'
import { openSubject } from './open.js'
import { type SubjectName, subjectNames } from './subject.js'

/** Room for twice the largest number of flows, in every table. */
const slots = 2 ** 21
const allRounds = 9
const quickRounds = 3
/** One connection and the most, without the order that suits the textbook director, and with fewer packets. */
const quickCases: readonly Case[] = establishedCases
  .filter(({ scattered, flows }) => scattered && flows !== 100_000)
  .map((spec) => ({ ...spec, packets: 300_000, warmUp: 100_000 }))

export async function micro({ quick, progress }: Session): Promise<readonly Sample[]> {
  const harness = new Harness()
  const bench = new Bench<SubjectName>(harness, (name) => openSubject(name, slots))
  try {
    const samples = slotMemory(bench)
    for (const spec of [...(quick ? quickCases : establishedCases), ...newConnectionCases]) {
      progress(`${spec.name}, ${spec.flows.toLocaleString('en-US')} connections`)
      for (const { subject, round, ns } of bench.run(spec, quick ? quickRounds : allRounds)) {
        samples.push({ measure: spec.name, subject, connections: spec.flows, round, value: ns, unit: 'ns' })
      }
    }
    return samples
  } finally {
    bench.close()
    harness.close()
  }
}

/** What a connection takes in each table. */
function slotMemory(bench: Bench<SubjectName>): Sample[] {
  return subjectNames.flatMap((subject) => {
    const value = bench.subject(subject).tableBytesPerSlot
    return value === undefined ? [] : [{ measure: 'memory of a slot', subject, round: 0, value, unit: 'bytes' }]
  })
}
