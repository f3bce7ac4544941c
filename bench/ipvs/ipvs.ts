/** Packets and new connections per second beside kernel IPVS: see bench/README.md. */
import { Workspace } from '../../test/lib/workspace.js'
import type { Session } from '../group.js'
import { type Standing, startBare, startIpvs, startXlvs } from '../live/director.js'
import { Meter, type Traffic } from '../live/meter.js'
import { Testbed } from '../live/testbed.js'
import type { Sample } from '../sample.js'
import { isModule, reloadIpvs } from './module.js'

/** Shows how much of the figures is the wires, the generator and the sink. */
const bareName = 'bare XDP_TX'

/** Short enough for all that is opened to have room in a table of the default size: xlvs evicts half-open connections when it is full. */
const newConnectionsMs = 400

/** As many buckets as an operator would give a busy IPVS; the kernel's default is 2^12. */
const tunedBits = 20

const methods = [
  { method: 'DR', sending: 'route' },
  { method: 'TUN', sending: 'tunnel' },
] as const

type Method = (typeof methods)[number]

/** Measurements on one table: IPVS's begins empty, and grows from step to step. */
interface Phase {
  readonly method: Method
  readonly steps: readonly Step[]
}

interface Step extends Pick<Sample, 'measure' | 'unit'> {
  readonly traffic: Traffic
}

interface Plan {
  readonly rounds: number
  readonly phases: readonly Phase[]
  /** Bits of IPVS's number of buckets; undefined: the kernel's default. */
  readonly variants: readonly (number | undefined)[]
  /** xlvs goes on from phase to phase, with the connections that it has; its start takes long in a virtual machine. */
  readonly xlvsStays: boolean
}

export async function ipvs({ quick, progress }: Session): Promise<readonly Sample[]> {
  const workspace = new Workspace()
  try {
    const samples: Sample[] = []
    const { phases, rounds, variants, xlvsStays } = planOf(quick)
    const bareBed = await Testbed.create(workspace, 'one interface')
    await startBare(bareBed, 'bare_tx')
    const bare = new Meter(bareName, bareBed, 'mac', false)
    let xlvs: Xlvs | undefined
    for (const [i, bits] of variants.entries()) {
      for (const phase of phases) {
        progress(`xlvs and IPVS ${phase.method.method}: namespaces, interfaces, directors`)
        await reloadIpvs(bits)
        xlvs ??= await standXlvs(workspace)
        const comparison = { workspace, bare, bits, rounds, firstRound: i * rounds, progress }
        samples.push(...(await run(phase, xlvs, comparison)))
        if (xlvsStays) continue
        await xlvs.standing.stop()
        await xlvs.bed.close()
        xlvs = undefined
      }
    }
    return samples
  } finally {
    workspace.close()
  }
}

function planOf(quick: boolean): Plan {
  const ms = quick ? 400 : 800
  const established = (counts: readonly number[]): Step[] =>
    counts.map((connections) => {
      return { measure: 'established', unit: 'packets/s', traffic: { connections, synEvery: 0, ms } }
    })
  const created: Step = {
    measure: 'new connections',
    unit: 'connections/s',
    traffic: { connections: 0, synEvery: 1, ms: newConnectionsMs },
  }
  const mixed: Step = {
    measure: '10 % SYN',
    unit: 'packets/s',
    traffic: { connections: 60_000, synEvery: 10, ms },
  }
  const [direct, tunnel] = methods
  const all = [1, 1000, 60_000, 500_000]
  return {
    rounds: quick ? 3 : 9,
    // In short, xlvs's table fills from phase to phase: with what fills it most at the end.
    phases: quick
      ? [
          { method: tunnel, steps: established([60_000]) },
          { method: direct, steps: [...established([60_000]), created] },
        ]
      : [
          { method: direct, steps: established(all) },
          { method: tunnel, steps: established(all) },
          { method: direct, steps: [created] },
          { method: direct, steps: [mixed] },
        ],
    variants: quick || !isModule() ? [undefined] : [undefined, tunedBits],
    xlvsStays: quick,
  }
}

interface Xlvs {
  readonly bed: Testbed
  readonly standing: Standing
}

async function standXlvs(workspace: Workspace): Promise<Xlvs> {
  const bed = await Testbed.create(workspace, 'one interface')
  return { bed, standing: await startXlvs(bed, { mode: 'native' }) }
}

interface Comparison {
  readonly workspace: Workspace
  readonly bare: Meter
  readonly bits: number | undefined
  readonly rounds: number
  readonly firstRound: number
  readonly progress: Session['progress']
}

async function run(phase: Phase, xlvs: Xlvs, comparison: Comparison): Promise<Sample[]> {
  const { workspace, bare, bits, rounds, firstRound, progress } = comparison
  const { method, sending } = phase.method
  const name = bits === undefined ? `IPVS ${method}` : `IPVS ${method}, 2^${bits} buckets`
  const theirs = await Testbed.create(workspace, 'one interface')
  await startIpvs(theirs)
  const runners = [
    { subject: bareName, meter: bare },
    { subject: `xlvs ${method}`, meter: new Meter(`xlvs ${method}`, xlvs.bed, sending) },
    { subject: name, meter: new Meter(name, theirs, sending) },
  ]
  const samples: Sample[] = []
  for (const { measure, unit, traffic } of phase.steps) {
    const { connections, synEvery } = traffic
    progress(`${name}: ${measure}${connections > 0 ? `, ${connections.toLocaleString('en-US')} connections` : ''}`)
    for (let round = 0; round < rounds; round++) {
      for (const { subject, meter } of round % 2 === 0 ? runners : runners.toReversed()) {
        const value = await meter.packetsPerSecond(traffic)
        const parameters = synEvery === 1 ? {} : { connections }
        samples.push({ measure, subject, ...parameters, round: firstRound + round, value, unit })
      }
    }
  }
  await theirs.close()
  return samples
}
