import { type BpfLink, type BpfMap, BpfObject } from '../../src/bpf/index.js'
import { addressToNumber } from '../../src/core/address.js'
import { objectPath } from '../object-path.js'

const lengthBytes = 4

// As sink.bpf.c has them.
const strange = 64
const sampleCount = 64

/** Packets so far that were as expected, by the last byte of their MAC address; and those that were not. */
export interface Counts {
  readonly byServer: readonly number[]
  readonly strange: number
}

/** Stands for all real servers: counts, samples and drops what arrives at interfaces of this namespace. */
export class Sink {
  readonly #links: BpfLink[]
  /** struct arrivals, where the program has it. */
  readonly #arrivals: Buffer
  readonly #samples: BpfMap

  constructor(ifindexes: readonly number[]) {
    const object = BpfObject.open(objectPath('bench', 'sink'))
    object.load()
    const program = object.program('sink')
    this.#links = ifindexes.map((ifindex) => program.attachXdp(ifindex, 'native'))
    const memory = object.map('.bss')
    this.#arrivals = Buffer.from(memory.mmap())
    this.#samples = object.map('samples')
    memory.close()
    program.close()
    object.close()
  }

  /** Forgets the samples, and says what is right from now on: packets to a VIP, in a tunnel or not. */
  expect(vip: string, tunnel: boolean): void {
    this.#arrivals.writeUInt32BE(addressToNumber(vip), 0)
    this.#arrivals.writeUInt32LE(tunnel ? 1 : 0, 4)
    for (let i = 0; i < sampleCount; i++) this.#samples.update(index(i), Buffer.alloc(this.#samples.info.valueSize))
  }

  counts(): Counts {
    const counts = Array.from({ length: strange + 1 }, (_, i) => Number(this.#arrivals.readBigUInt64LE(8 + 8 * i)))
    return { byServer: counts.slice(0, strange), strange: counts[strange] ?? 0 }
  }

  /** Frames kept since {@link expect}, among them one that was not as expected, if any came. */
  samples(): Buffer[] {
    return Array.from({ length: sampleCount }, (_, i) => this.#samples.lookup(index(i)) ?? Buffer.alloc(lengthBytes))
      .map((slot) => slot.subarray(lengthBytes, lengthBytes + slot.readUInt32LE()))
      .filter(({ length }) => length > 0)
  }

  close(): void {
    for (const handle of [...this.#links, this.#samples]) handle.close()
  }
}

function index(i: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(i)
  return key
}
