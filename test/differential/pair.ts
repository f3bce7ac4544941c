import {
  realServerLayout,
  serverLaneLayout,
  maps as specs,
  trafficLayout,
} from '../../src/dataplane/tables/layout.gen.js'
import type { DirectorMaps } from '../../src/dataplane/tables/table-dataplane.js'
import { BpfDirector } from '../lib/bpf-director.js'
import { SimDirector } from '../lib/sim-director.js'
import type { Sent, TableDirector } from '../lib/table-director.js'
import { type Step, take } from './step.js'

/** Bytes at the beginning of each array that are compared, if both have so many: more than a run uses. */
const compared = 1 << 16
/** What packets write. */
const writtenByPackets = ['conns', 'plans', 'nextHops', 'serverCounts'] as const
/** What the daemon writes. */
const writtenByChanges = ['config', 'realServers', 'planEntries', 'planSegments', 'serverBase', 'serviceBase'] as const
type ArrayName = (typeof writtenByPackets)[number] | (typeof writtenByChanges)[number]

/** Of map server_lanes, in words of 4 bytes: a CPU's part, a server's part of that, its counters, what the CPU is told of it. */
const cpuWords = specs.serverLanes.valueSize / 4
const laneWords = serverLaneLayout.size / 4
const countWords = Object.values(trafficLayout.offsets).map((at) => (serverLaneLayout.offsets.traffic + at) / 4)
const toldWords = [serverLaneLayout.offsets.nextHop / 4, serverLaneLayout.offsets.available / 4]
/** Ticks have 32 bits. A run lives to see them begin again at 0, and its connections with it. */
const startTick = 2 ** 32 - 100_000
const noWords = new Uint32Array()

/** director.bpf.c in the kernel and the program in TypeScript, to which the same happens. */
export class Pair {
  readonly bpf: BpfDirector
  readonly sim: SimDirector
  /** One past the highest slot of a real server. */
  #servers = 0
  /** Maps server_lanes. */
  readonly #lanes: readonly Uint32Array[]
  readonly #views: ReadonlyMap<ArrayName, readonly [Buffer, Buffer]>

  /** @param sets of the connection table. */
  constructor(sets: number) {
    this.bpf = new BpfDirector({ sets, startTick })
    this.sim = new SimDirector({ sets, startTick })
    this.#lanes = [this.bpf, this.sim].map(({ maps }) => new Uint32Array(maps.serverLanes.view().buffer))
    const sizeOf = ({ info }: DirectorMaps[ArrayName]) => info.maxEntries * info.valueSize
    const views = (name: ArrayName) => {
      const [bpf, sim] = [this.bpf.maps[name], this.sim.maps[name]]
      const length = Math.min(compared, sizeOf(bpf), sizeOf(sim))
      return [bytesOf(bpf.view(0, length)), bytesOf(sim.view(0, length))] as const
    }
    const names = [...writtenByPackets, ...writtenByChanges]
    this.#views = new Map(names.map((name) => [name, views(name)]))
  }

  close(): void {
    this.bpf.close()
  }

  /** Lets it happen to both. Returns where they disagree afterwards, or undefined. */
  take(step: Step): string | undefined {
    const [bpf, sim] = [attempt(this.bpf, step), attempt(this.sim, step)]
    if (bpf !== sim) return `xdp: ${bpf}\nsim: ${sim}`
    const changed = step.kind === 'frame' ? writtenByPackets : [...writtenByPackets, ...writtenByChanges]
    for (const name of changed) {
      const difference = this.#arrayDifference(name)
      if (difference !== undefined) return difference
    }
    if (step.kind !== 'frame') this.#servers = this.#lastServer() + 1
    return this.#laneDifference()
  }

  #lastServer(): number {
    const [bpf = Buffer.alloc(0)] = this.#views.get('realServers') ?? []
    let last = bpf.length / realServerLayout.size - 1
    while (last >= 0 && bpf[last * realServerLayout.size + realServerLayout.offsets.flags] === 0) last--
    return last
  }

  #arrayDifference(name: ArrayName): string | undefined {
    const [bpf, sim] = this.#views.get(name) ?? [Buffer.alloc(0), Buffer.alloc(0)]
    if (bpf.equals(sim)) return undefined
    const at = bpf.findIndex((byte, i) => byte !== sim[i])
    const { valueSize } = this.sim.maps[name].info
    const first = at - (at % Math.min(valueSize, 64))
    const part = (bytes: Buffer) => bytes.toString('hex', first, first + Math.min(valueSize, 64))
    return `map ${name} from byte ${first} on\nxdp: ${part(bpf)}\nsim: ${part(sim)}`
  }

  /**
   * Counters, added up over the CPUs: low words, which do for what a run counts. What each CPU is told. Each frame has all of
   * them looked at.
   */
  #laneDifference(): string | undefined {
    const [bpf = noWords, sim = noWords] = this.#lanes
    for (let server = 0; server < this.#servers; server++) {
      for (const word of countWords) {
        const at = server * laneWords + word
        let sum = 0
        for (let cpu = at; cpu < bpf.length; cpu += cpuWords) sum += bpf[cpu] ?? 0
        if (sum !== sim[at]) return `traffic of server ${server}, word ${word}\nxdp: ${sum}\nsim: ${sim[at]}`
      }
      for (const word of toldWords) {
        const at = server * laneWords + word
        for (let cpu = at; cpu < bpf.length; cpu += cpuWords) {
          if (bpf[cpu] !== sim[at]) return `lane of server ${server}, word ${word}\nxdp: ${bpf[cpu]}\nsim: ${sim[at]}`
        }
      }
    }
    return undefined
  }

  /** Of what is counted once for a packet, whose verdicts were compared already: to be looked at in the end. */
  totalsDifference(): string | undefined {
    const [bpf, sim] = [this.bpf, this.sim].map(({ dataplane }) => {
      const { verdicts, connections } = dataplane.stats()
      return JSON.stringify([connections, [...verdicts]])
    })
    return bpf === sim ? undefined : `counters\nxdp: ${bpf}\nsim: ${sim}`
  }
}

/** What came of it, as text. */
function attempt(director: TableDirector, step: Step): string {
  try {
    const sent = take(director, step)
    return sent ? sentText(sent) : 'done'
  } catch (error) {
    return `${error}`
  }
}

/** A dropped frame's bytes are nobody's business. */
function sentText({ verdict, frame }: Sent): string {
  return verdict.startsWith('drop_') ? verdict : `${verdict} ${frame.toString('hex')}`
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

/** The first of the steps after which the two disagree, and how. @param sets of the connection table. */
export function firstDifference(
  steps: Iterable<Step>,
  sets: number,
): { steps: Step[]; difference: string } | undefined {
  const pair = new Pair(sets)
  const taken: Step[] = []
  try {
    for (const step of steps) {
      taken.push(step)
      const difference = pair.take(step)
      if (difference !== undefined) return { steps: taken, difference }
    }
    const difference = pair.totalsDifference()
    return difference === undefined ? undefined : { steps: taken, difference }
  } finally {
    pair.close()
  }
}
