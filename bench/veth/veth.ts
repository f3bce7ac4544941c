/** Packets per second from one veth to another: see bench/README.md. */
import { Workspace } from '../../test/lib/workspace.js'
import type { Session } from '../group.js'
import { manyConnections, startBare, startXlvs } from '../live/director.js'
import { Meter } from '../live/meter.js'
import { type Shape, Testbed } from '../live/testbed.js'
import type { Sample } from '../sample.js'
import type { Sending } from '../traffic.js'

interface Candidate {
  readonly subject: string
  readonly shape: Shape
  readonly sending: Sending
  /** xlvs, by its XDP mode, or a program of bare.bpf.c. */
  readonly by: 'native' | 'generic' | `bare_${string}`
}

/** What takes turns. Those of xlvs that differ in the method alone are one director with two services. */
const candidates: readonly Candidate[] = [
  { subject: 'bare XDP_TX', shape: 'one interface', sending: 'mac', by: 'bare_tx' },
  { subject: 'bare XDP_TX and one read', shape: 'one interface', sending: 'mac', by: 'bare_read' },
  { subject: 'xlvs DR, XDP_TX', shape: 'one interface', sending: 'route', by: 'native' },
  { subject: 'xlvs TUN, XDP_TX', shape: 'one interface', sending: 'tunnel', by: 'native' },
  { subject: 'bare redirect', shape: 'two interfaces', sending: 'mac', by: 'bare_redirect' },
  { subject: 'xlvs DR, redirect', shape: 'two interfaces', sending: 'route', by: 'native' },
  { subject: 'xlvs TUN, redirect', shape: 'two interfaces', sending: 'tunnel', by: 'native' },
  { subject: 'xlvs DR, generic', shape: 'one interface', sending: 'route', by: 'generic' },
]

export async function veth({ quick, progress }: Session): Promise<readonly Sample[]> {
  const { rounds, newRounds, ms, connections } = quick
    ? { rounds: 3, newRounds: 1, ms: 150, connections: [100_000] }
    : { rounds: 9, newRounds: 9, ms: 700, connections: [1, 1000, 100_000] }
  const workspace = new Workspace()
  const samples: Sample[] = []
  try {
    progress('namespaces, interfaces, directors')
    const runners = await open(workspace)
    for (const count of connections) {
      progress(`established, ${count.toLocaleString('en-US')} connections`)
      for (let round = 0; round < rounds; round++) {
        for (const { subject, meter } of round % 2 === 0 ? runners : runners.toReversed()) {
          const value = await meter.packetsPerSecond({ connections: count, synEvery: 0, ms })
          samples.push({ measure: 'established', subject, connections: count, round, value, unit: 'packets/s' })
        }
      }
    }
    progress('new connections')
    for (let round = 0; round < newRounds; round++) {
      const { subject, value } = await newConnections(workspace, Math.min(ms, 400))
      samples.push({ measure: 'new connections', subject, round, value, unit: 'connections/s' })
    }
    return samples
  } finally {
    workspace.close()
  }
}

/** Every packet opens a connection; each sample begins with an empty table. */
async function newConnections(workspace: Workspace, ms: number): Promise<{ subject: string; value: number }> {
  const subject = 'xlvs DR, XDP_TX'
  const bed = await Testbed.create(workspace, 'one interface')
  const standing = await startXlvs(bed, { mode: 'native', tableSize: manyConnections })
  const value = await new Meter(subject, bed, 'route').packetsPerSecond({ connections: 0, synEvery: 1, ms })
  await standing.stop()
  await bed.close()
  return { subject, value }
}

async function open(workspace: Workspace): Promise<{ subject: string; meter: Meter }[]> {
  const places = new Map<string, Testbed>()
  const runners: { subject: string; meter: Meter }[] = []
  for (const { subject, shape, sending, by } of candidates) {
    const key = `${shape} ${by}`
    const place = places.get(key) ?? (await stand(workspace, shape, by))
    places.set(key, place)
    runners.push({ subject, meter: new Meter(subject, place, sending, sending !== 'mac') })
  }
  return runners
}

async function stand(workspace: Workspace, shape: Shape, by: Candidate['by']): Promise<Testbed> {
  const bed = await Testbed.create(workspace, shape)
  await (by === 'native' || by === 'generic' ? startXlvs(bed, { mode: by }) : startBare(bed, by))
  return bed
}
