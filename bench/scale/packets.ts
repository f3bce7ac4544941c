/** What services and real servers cost a packet, by the method of the micro group. */
import type { Session } from '../group.js'
import { openDirector } from '../micro/director.js'
import { Harness } from '../micro/harness.js'
import { Bench, type CaseOf, harnessName } from '../micro/measure.js'
import type { Sample } from '../sample.js'

/** As many as `xlvs run` has room for by default. */
const slots = 2 ** 20
const connections = 100_000
/** So few that the caches hold them: what services and servers add is not lost in what memory costs at the moment. */
const cachedConnections = 10_000
/** In the place of one, where so few ns are held against a target. */
const cachedRounds = 3

/** A director of a certain size. */
interface Size {
  readonly services: number
  readonly busy: number
  readonly serversEach: number
}

type Shape = Omit<CaseOf<string>, 'name' | 'flows' | 'subjects'>
const established: Shape = { kind: 'ack', scattered: true, packets: 600_000, warmUp: 200_000, fresh: false }
const created: Shape = { kind: 'syn', scattered: false, packets: 60_000, warmUp: 0, fresh: false }

type Measure = readonly [measure: string, shape: Shape, flows: number]

/** Directors that are measured together, and what of them. */
interface Comparison {
  readonly sizes: readonly Size[]
  readonly measures: readonly Measure[]
}

function establishedAt(measure: string, ...counts: readonly number[]): Measure[] {
  return counts.map((flows) => [measure, established, flows])
}

export function packetCost({ quick, progress }: Session): Sample[] {
  const services = quick ? [1, 10_000] : [1, 10, 100, 1000, 10_000]
  const servers = quick ? [1, 1000] : [1, 10, 100, 1000]
  const oneBusy = services.map((count) => ({ services: count, busy: 1, serversEach: 4 }))
  const comparisons: readonly Comparison[] = [
    {
      sizes: oneBusy,
      measures: [
        ...establishedAt('established, one service busy', cachedConnections, connections),
        ['new connection', created, connections],
      ],
    },
    {
      sizes: oneBusy.map((size) => ({ ...size, busy: size.services })),
      measures: establishedAt('established, all services busy', cachedConnections, connections),
    },
    {
      sizes: servers.map((count) => ({ services: 1, busy: 1, serversEach: count })),
      measures: [
        ...establishedAt('established, servers of one service', connections),
        ['new connection, servers of one service', created, connections],
      ],
    },
  ]
  const harness = new Harness()
  try {
    return comparisons.flatMap((comparison) => compare(harness, comparison, quick ? 3 : 9, progress))
  } finally {
    harness.close()
  }
}

function compare(
  harness: Harness,
  { sizes, measures }: Comparison,
  rounds: number,
  progress: Session['progress'],
): Sample[] {
  const byName = new Map(sizes.map((size) => [JSON.stringify(size), size]))
  const bench = new Bench<string>(harness, (name) => openDirector({ sending: 'route', slots, ...sizeOf(byName, name) }))
  const samples: Sample[] = []
  try {
    for (const [measure, shape, flows] of measures) {
      progress(measure)
      const times = flows === cachedConnections ? cachedRounds : 1
      const spec = { ...shape, name: measure, flows, subjects: [...byName.keys()] }
      for (const { subject, round, ns } of bench.run(spec, times * rounds)) {
        if (subject === harnessName) continue
        const { services, serversEach: servers } = sizeOf(byName, subject)
        samples.push({
          measure,
          subject: 'xlvs DR',
          connections: flows,
          services,
          servers,
          round,
          value: ns,
          unit: 'ns',
        })
      }
    }
    return samples
  } finally {
    bench.close()
  }
}

function sizeOf(byName: ReadonlyMap<string, Size>, name: string): Size {
  return byName.get(name) as Size
}
