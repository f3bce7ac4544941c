/** The director as a WebAssembly module (bpf/director.wasm.c): the packet path on tables in memory of this process. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UnsupportedError } from '../../core/errors.js'
import {
  type BatchStruct,
  batchLayout,
  configLayout,
  sharedConstant,
  maps as specs,
  verdict,
} from '../tables/layout.gen.js'
import type { TableMap } from '../tables/table-map.js'
import { type HashFunctions, MemoryArray, MemoryHash, type MemoryMap, roundUp } from './memory-map.js'

/** What the packets of a batch begin with: their Ethernet or their IP header. */
export type PacketKind = 'frames' | 'datagrams'

type MapName = Exclude<keyof typeof specs, 'sweeper'>
/** Maps of the module, by their names in layout.gen.ts: all but those that only the kernel has. */
export type MemoryMaps = Readonly<Record<MapName, MemoryMap>>

interface MapSize {
  readonly maxEntries: number
  readonly valueSize: number
}

interface MapSpec extends MapSize {
  readonly name: string
  readonly type: number
  readonly keySize: number
  readonly holdsVariables: boolean
}

export interface ModuleOptions {
  /** The compiled director.wasm.c; default: the one of this build. */
  readonly path?: string
  /** Of maps that have others than in layout.gen.ts: the connection table for one. */
  readonly sizes: Partial<Record<MapName, Partial<MapSize>>>
  /** Memory for packets, in bytes. */
  readonly packetBytes: number
}

/** Functions that the module exports. Numbers have 32 bits; pointers are positions in its memory. */
interface Functions {
  place_map(map: number, memory: number, maxEntries: number): void
  hash_memory(keySize: number, valueSize: number, maxEntries: number): number
  hash_get(map: number, key: number, keySize: number, valueSize: number): number
  hash_put(map: number, key: number, keySize: number, valueSize: number): number
  hash_drop(map: number, key: number, keySize: number, valueSize: number): void
  sweep(first: number, parts: number): number
  decide_frames(first: number, count: number, ifindex: number): void
  decide_datagrams(first: number, count: number, ifindex: number): void
  recover(): number
  variables_size(): number
}

/** Packets whose decision ended in a trap. */
export interface Faults {
  readonly packets: number
  readonly last?: Error
}

/** A map, and where its memory is. */
interface Place {
  readonly key: string
  readonly name: string
  readonly isHash: boolean
  readonly info: TableMap['info']
  /** Of its definition. */
  readonly map: number
  readonly at: number
  readonly bytes: number
}

const pageBytes = 65_536
const cacheLine = 64
/** Room for the key of a hash map, in bytes. */
const keyBytes = 64
/** enum bpf_map_type of linux/bpf.h. */
const hashType = 1

/** An instance. Its memory has one size from the beginning on, so that views of it stay. */
export class DirectorModule {
  readonly maps: MemoryMaps
  readonly memory: Buffer
  /** struct batch, in place. */
  readonly batch: Readonly<Record<keyof BatchStruct, Uint32Array>>
  /** Where the memory for packets begins; it is the last part of all. */
  readonly packetsAt: number
  readonly #path: string
  readonly #functions: Functions
  readonly #symbols: Readonly<Record<string, WebAssembly.Global>>
  readonly #keyAt: number
  readonly #now: Uint32Array
  readonly #stackPointer: WebAssembly.Global
  #end: number
  #nextSet = 0
  #faults: Faults = { packets: 0 }

  /** @throws UnsupportedError if the module is not built, not this build's, or gets no memory. */
  constructor({ path = directorPath, sizes, packetBytes }: ModuleOptions) {
    const { exports } = withMemory(() => new WebAssembly.Instance(compiled(path)))
    this.#path = path
    this.#functions = exports as unknown as Functions
    this.#symbols = exports as Readonly<Record<string, WebAssembly.Global>>
    this.#stackPointer = exports.__stack_pointer as WebAssembly.Global
    this.#end = this.#addressOf('__heap_base')
    this.#keyAt = this.#take(keyBytes)
    const places = Object.entries(specs)
      .filter(([key]) => key !== 'sweeper')
      .map(([key, spec]) => this.#place(key, { ...spec, ...sizes[key as MapName] }))
    this.packetsAt = this.#take(packetBytes)
    const variables = places.filter(({ map, at }) => map === at).reduce((sum, { bytes }) => sum + bytes, 0)
    if (this.#functions.variables_size() !== variables) throw unusable(path, 'its tables are not those of this build')
    const memory = exports.memory as WebAssembly.Memory
    withMemory(() => memory.grow(Math.max(0, Math.ceil((this.#end - memory.buffer.byteLength) / pageBytes))))
    this.memory = Buffer.from(memory.buffer)
    this.maps = Object.fromEntries(places.map((place) => [place.key, this.#open(place)])) as MemoryMaps
    this.batch = this.#openBatch()
    this.#now = this.#words(this.#addressOf(specs.config.name) + configLayout.offsets.now, 1)
  }

  /** The clock of packets. @param ticks of 32 bits. */
  set now(ticks: number) {
    this.#now[0] = ticks
  }

  /**
   * Decides the packets that are in the batch, and says there what becomes of them. One whose decision ends in a trap is
   * dropped; see {@link takeFaults}.
   * @param ifindex of the interface by which they came.
   */
  decide(kind: PacketKind, count: number, ifindex: number): void {
    const { decide_frames, decide_datagrams, recover } = this.#functions
    const decide = kind === 'frames' ? decide_frames : decide_datagrams
    for (let first = 0; first < count; ) {
      if (this.#holds(() => decide(first, count, ifindex))) return
      let next = count
      const isMended = this.#holds(() => {
        next = recover() + 1
      })
      // With tables that are broken themselves none of the others can be decided.
      if (!isMended) this.batch.verdicts.fill(verdict.DROP_FAULT, first, count)
      this.#faults = { ...this.#faults, packets: this.#faults.packets + (isMended ? 1 : count - first) }
      first = next
    }
  }

  /** Calls the module. @returns false for a trap. */
  #holds(call: () => void): boolean {
    const stack = this.#stackPointer.value
    try {
      call()
      return true
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      this.#stackPointer.value = stack
      this.#faults = { ...this.#faults, last: error }
      return false
    }
  }

  /** Packets whose decision ended in a trap since this was asked last. */
  takeFaults(): Faults {
    const faults = this.#faults
    this.#faults = { packets: 0 }
    return faults
  }

  /** Takes expired connections of the next part of the table off the counts. @param parts that make the whole table. */
  sweep(parts: number): void {
    const { sweep } = this.#functions
    this.#holds(() => {
      this.#nextSet = sweep(this.#nextSet, parts)
    })
  }

  #addressOf(symbol: string): number {
    const { value } = this.#symbols[symbol] ?? {}
    if (value === undefined) throw unusable(this.#path, `it has no ${symbol}`)
    return value
  }

  #take(bytes: number): number {
    const at = Math.ceil(this.#end / cacheLine) * cacheLine
    this.#end = at + bytes
    return at
  }

  #place(key: string, { name, type, keySize, valueSize, maxEntries, holdsVariables }: MapSpec): Place {
    const isHash = type === hashType
    const info = { keySize, valueSize, maxEntries, valueBytes: roundUp(valueSize) }
    const bytes = isHash ? this.#functions.hash_memory(keySize, valueSize, maxEntries) : maxEntries * info.valueBytes
    const map = this.#addressOf(name)
    if (holdsVariables) return { key, name, isHash, info, map, at: map, bytes }
    const at = this.#take(bytes)
    this.#functions.place_map(map, at, maxEntries)
    return { key, name, isHash, info, map, at, bytes }
  }

  #open({ name, info, isHash, map, at, bytes }: Place): MemoryMap {
    const part = this.memory.subarray(at, at + bytes)
    return isHash ? new MemoryHash(name, info, part, this.#hashFunctions(map, info)) : new MemoryArray(name, info, part)
  }

  #hashFunctions(map: number, { keySize, valueSize }: TableMap['info']): HashFunctions {
    const { hash_get, hash_put, hash_drop } = this.#functions
    const call = <T>(of: (map: number, key: number, keySize: number, valueSize: number) => T, key: Uint8Array): T => {
      this.memory.set(key, this.#keyAt)
      return of(map, this.#keyAt, keySize, valueSize)
    }
    const valueAt = (at: number) => this.memory.subarray(at, at + valueSize)
    return {
      get: (key) => {
        const at = call(hash_get, key)
        return at === 0 ? undefined : valueAt(at)
      },
      put: (key) => valueAt(call(hash_put, key)),
      drop: (key) => call(hash_drop, key),
    }
  }

  #openBatch(): DirectorModule['batch'] {
    const at = this.#addressOf(batchLayout.name)
    const fields = Object.entries(batchLayout.offsets).map(([field, offset]) => [
      field,
      this.#words(at + offset, sharedConstant.BATCH_SIZE),
    ])
    return Object.fromEntries(fields)
  }

  #words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, at, count)
  }
}

/** From src/ as compiled (dist/src), in a checkout and in an installed package alike. */
const directorPath = fileURLToPath(new URL('../../../../build/bpf/director.wasm', import.meta.url))
const modules = new Map<string, WebAssembly.Module>()

function unusable(path: string, reason: string, cause?: unknown): UnsupportedError {
  const advice = 'remove it if it is there, and build it with: npm run setup'
  return new UnsupportedError('packet path', `${path}: ${reason}; ${advice}`, { cause })
}

function withMemory<T>(take: () => T): T {
  try {
    return take()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const needs = 'it takes some 12 GB of addresses (ulimit -v, LimitAS=), and what its tables need'
    throw new UnsupportedError('packet path', `there is no memory for it: ${needs}`, { cause })
  }
}

/** Compiled once for a process. */
function compiled(path: string): WebAssembly.Module {
  try {
    const module = modules.get(path) ?? new WebAssembly.Module(readFileSync(path))
    modules.set(path, module)
    return module
  } catch (cause) {
    throw unusable(path, cause instanceof Error && 'code' in cause ? 'it cannot be read' : 'it is damaged', cause)
  }
}
