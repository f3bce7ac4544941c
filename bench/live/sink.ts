import { type BpfLink, type BpfMap, BpfObject } from '../../src/bpf/index.js'
import { addressToNumber } from '../../src/core/address.js'
import { objectPath } from '../object-path.js'

const key0 = Buffer.alloc(4)
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
  readonly #expected: BpfMap
  readonly #arrived: BpfMap
  readonly #samples: BpfMap

  constructor(ifindexes: readonly number[]) {
    const object = BpfObject.open(objectPath('bench', 'sink'))
    object.load()
    const program = object.program('sink')
    this.#links = ifindexes.map((ifindex) => program.attachXdp(ifindex, 'native'))
    this.#expected = object.map('expected')
    this.#arrived = object.map('arrived')
    this.#samples = object.map('samples')
    program.close()
    object.close()
  }

  /** Forgets the samples, and says what is right from now on: packets to a VIP, in a tunnel or not. */
  expect(vip: string, tunnel: boolean): void {
    const value = Buffer.alloc(8)
    value.writeUInt32BE(addressToNumber(vip), 0)
    value.writeUInt32LE(tunnel ? 1 : 0, 4)
    this.#expected.update(key0, value)
    for (let i = 0; i < sampleCount; i++) this.#samples.update(index(i), Buffer.alloc(this.#samples.info.valueSize))
  }

  counts(): Counts {
    const { values } = this.#arrived.lookupAll()
    const { valueBytes } = this.#arrived.info
    const sums = Array.from({ length: strange + 1 }, (_, i) => {
      let sum = 0
      for (let at = i * valueBytes; at < (i + 1) * valueBytes; at += 8) sum += Number(values.readBigUInt64LE(at))
      return sum
    })
    return { byServer: sums.slice(0, strange), strange: sums[strange] ?? 0 }
  }

  /** Frames kept since {@link expect}, among them one that was not as expected, if any came. */
  samples(): Buffer[] {
    return Array.from({ length: sampleCount }, (_, i) => this.#samples.lookup(index(i)) ?? Buffer.alloc(lengthBytes))
      .map((slot) => slot.subarray(lengthBytes, lengthBytes + slot.readUInt32LE()))
      .filter(({ length }) => length > 0)
  }

  close(): void {
    for (const handle of [...this.#links, this.#expected, this.#arrived, this.#samples]) handle.close()
  }
}

function index(i: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(i)
  return key
}
