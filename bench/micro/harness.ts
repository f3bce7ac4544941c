import { type BpfMap, BpfObject, type BpfProgram } from '../../src/bpf/index.js'
import { addressToNumber } from '../../src/core/address.js'
import { objectPath } from '../object-path.js'
import { type PacketKind, vip } from '../traffic.js'
import { frameSize, frameTemplate } from './frames.js'

const key0 = Buffer.alloc(4)

/** Packets of flows 0 to `flows` - 1. */
export interface Load {
  readonly kind: PacketKind
  readonly packets: number
  readonly flows: number
  /** Flow of the first packet. */
  readonly first: number
  /** From one packet to the next, modulo `flows`; below `flows`. */
  readonly stride: number
  /** Services that flows are spread over. */
  readonly services: number
}

/**
 * Runs programs by wrapper.bpf.c, which makes each packet whole again whatever the program made of the one before.
 */
export class Harness {
  readonly #wrapper: BpfProgram
  readonly #underTest: BpfMap
  readonly #spec: BpfMap
  /** Does nothing: a run of it takes the time of the harness. */
  readonly empty: BpfProgram

  constructor() {
    const object = BpfObject.open(objectPath('bench', 'wrapper'))
    object.load()
    this.#wrapper = object.program('wrapper')
    this.empty = object.program('empty')
    this.#underTest = object.map('under_test')
    this.#spec = object.map('spec')
    object.close()
  }

  /** @returns mean time of one packet in ns, the harness's own included; what came of the last packet. */
  run(program: BpfProgram, load: Load): { ns: number; retval: number; data: Buffer } {
    const slot = Buffer.alloc(4)
    slot.writeUInt32LE(program.fd)
    this.#underTest.update(key0, slot)
    this.#spec.update(key0, trafficSpec(load))
    const { durationNs, retval, data } = this.#wrapper.testRun({ data: Buffer.alloc(frameSize), repeat: load.packets })
    return { ns: durationNs, retval, data }
  }

  close(): void {
    for (const handle of [this.#wrapper, this.empty, this.#underTest, this.#spec]) handle.close()
  }
}

/** struct traffic_spec. */
function trafficSpec({ kind, flows, first, stride, services }: Load): Buffer {
  const words = [first, stride, flows, services]
  const spec = Buffer.alloc(8 * words.length + frameSize + 8)
  for (const [i, word] of words.entries()) spec.writeBigUInt64LE(BigInt(word), 8 * i)
  frameTemplate(kind).copy(spec, 8 * words.length)
  spec.writeUInt32LE(addressToNumber(vip), 8 * words.length + frameSize)
  return spec
}
