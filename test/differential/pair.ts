import { maps as specs } from '../../src/dataplane/tables/layout.gen.js'
import type { TableMap } from '../../src/dataplane/tables/table-map.js'
import type { MemoryMaps } from '../../src/dataplane/wasm/module.js'
import { BpfDirector } from '../lib/bpf-director.js'
import { checkoutFile } from '../lib/checkout.js'
import { ModuleDirector } from '../lib/module-director.js'
import type { Sent, TableDirector } from '../lib/table-director.js'
import { type Step, take } from './step.js'

type MapName = keyof MemoryMaps

/** The same map of both. */
type Both<T> = readonly [bpf: T, wasm: T]

/** enum bpf_map_type of linux/bpf.h. */
const mapType = { HASH: 1, ARRAY: 2, PERCPU_ARRAY: 6 } as const
/** Bytes of an array that are shown around a difference. */
const shown = 64
/** Ticks have 32 bits. A run lives to see them begin again at 0, and its connections with it. */
const startTick = 2 ** 32 - 100_000

/**
 * The packet path in the kernel and as a module, to which the same happens. Both are compiled with small tables, all of whose
 * bytes are compared after each step. The module has one CPU, number 0; so has to be the one that the other runs on.
 */
export class Pair {
  readonly bpf: BpfDirector
  readonly wasm: ModuleDirector
  readonly #arrays: ReadonlyMap<MapName, Both<Buffer>>

  /** @param sets of the connection table. */
  constructor(sets: number) {
    this.bpf = new BpfDirector({ object: 'director-small', sets, startTick })
    const { maps } = this.bpf
    const sizes = Object.fromEntries(
      Object.entries(maps).map(
        ([
          name,
          {
            info: { maxEntries, valueSize },
          },
        ]) => [name, { maxEntries, valueSize }],
      ),
    )
    const path = checkoutFile('build/test/bpf/director-small.wasm')
    this.wasm = new ModuleDirector({ path, sizes, sets, startTick })
    const bytesOf = (map: TableMap) => {
      const { buffer, byteOffset, byteLength } = map.view()
      return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
    }
    this.#arrays = new Map(
      named(mapType.ARRAY).map((name) => [name, this.#of(name).map(bytesOf) as unknown as Both<Buffer>]),
    )
  }

  close(): void {
    this.bpf.close()
  }

  /** Lets it happen to both. Returns where they disagree afterwards, or undefined. */
  take(step: Step): string | undefined {
    const [bpf, wasm] = [attempt(this.bpf, step), attempt(this.wasm, step)]
    if (bpf !== wasm) return `bpf:  ${bpf}\nwasm: ${wasm}`
    for (const [name, [bpf, wasm]] of this.#arrays) if (!bpf.equals(wasm)) return arrayDifference(name, bpf, wasm)
    for (const name of [...perCpuNames, ...hashNames]) {
      const [bpf, wasm] = this.#of(name).map(entriesOf)
      if (bpf !== wasm) return `map ${name}\nbpf:  ${bpf}\nwasm: ${wasm}`
    }
    return undefined
  }

  #of(name: MapName): Both<TableMap> {
    return [this.bpf.maps[name], this.wasm.maps[name]]
  }
}

function named(type: number): MapName[] {
  return Object.entries(specs).flatMap(([name, spec]) =>
    spec.type === type && name !== 'sweeper' ? [name as MapName] : [],
  )
}

const perCpuNames = named(mapType.PERCPU_ARRAY)
const hashNames = named(mapType.HASH)

function arrayDifference(name: string, bpf: Buffer, wasm: Buffer): string {
  if (bpf.length !== wasm.length) return `map ${name} has ${bpf.length} bytes, and ${wasm.length}`
  const at = bpf.findIndex((byte, i) => byte !== wasm[i])
  const first = at - (at % shown)
  const part = (bytes: Buffer) => bytes.toString('hex', first, first + shown)
  return `map ${name}, byte ${at}; from byte ${first} on\nbpf:  ${part(bpf)}\nwasm: ${part(wasm)}`
}

/** Keys and values, in an order that does not depend on the map; of a per-CPU map on the first CPU. */
function entriesOf(map: TableMap): string {
  const { count, keys, values } = map.lookupAll()
  const { keySize, valueSize } = map.info
  const stride = values.length / count
  const key = (i: number) => keys.toString('hex', i * keySize, (i + 1) * keySize)
  const value = (i: number) => values.toString('hex', i * stride, i * stride + valueSize)
  const entry = (i: number) => `${key(i)}=${value(i)}`
  return Array.from({ length: count }, (_, i) => entry(i))
    .sort()
    .join(' ')
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
    return undefined
  } finally {
    pair.close()
  }
}
