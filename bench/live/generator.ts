import { BpfError, BpfObject, type BpfProgram } from '../../src/bpf/index.js'
import { objectPath } from '../object-path.js'
import type { Sending } from '../traffic.js'
import { frameTemplate } from './frames.js'

/** Of each frame, from its beginning: what load.bpf.c writes. The rest is TCP options, the same in all. */
const writtenBytes = 56
const headBytes = 56
const clockEvery = 64
const sentOffset = 28
const timeOffset = 32
const intervalOffset = 48
/**
 * Bytes of room that load.bpf.c leaves in front of a frame to be tunnelled, beside the 256 that all have: with the
 * tunnel's header in it there are still 256 left, without which a veth with XDP, like the sink's, would copy what comes
 * from a stack.
 */
const tunnelRoom = 64

/**
 * Frames that the kernel has under way at a time: few enough for a veth's ring of 256, so that none is
 * lost however slow the receiver is, and one less than a round of NAPI, or each would be followed by an empty one.
 */
const batchSize = 63

/** What a run sends. */
export interface Load {
  readonly vip: string
  /** How the director sends it on. */
  readonly sending: Sending
  readonly packets: number
  /** ACKs belong to flows 0 to `flows` - 1. */
  readonly flows: number
  /** Flow of the first ACK. */
  readonly first: number
  /** From one ACK to the next, modulo `flows`. */
  readonly stride: number
  /** Every so many packets one is a SYN of a flow that none had before; 0: none, 1: all. */
  readonly synEvery: number
  /** Flow of the first SYN. */
  readonly newFlow: number
  /** Packets a second; absent: as many as it can. */
  readonly rate?: number
}

/** Sends load by live frames out of an interface of this network namespace, from one CPU. */
export class Generator {
  readonly #program: BpfProgram
  /** struct load_spec, where the program has it. */
  readonly #spec: Buffer

  constructor(private readonly ifindex: number) {
    const object = BpfObject.open(objectPath('bench', 'load'))
    object.load()
    this.#program = object.program('generate')
    const memory = object.map('.bss')
    this.#spec = Buffer.from(memory.mmap())
    memory.close()
    object.close()
  }

  /** Returns when all has been sent. @returns how long that took, in ms; 0 for a single batch. */
  send(load: Load): number {
    const { packets: repeat, sending } = load
    const room = sending === 'tunnel' ? tunnelRoom : 0
    this.#spec.set(encode(load, room))
    const data = Buffer.concat([Buffer.alloc(room), frameTemplate('ack', load.vip)])
    for (let left = repeat; left > 0; left = repeat - this.#spec.readUInt32LE(sentOffset)) this.#run(left, data)
    const ns = this.#spec.readBigUInt64LE(timeOffset + 8) - this.#spec.readBigUInt64LE(timeOffset)
    const timed = repeat - 1 - ((repeat - 1) % clockEvery)
    return timed === 0 ? 0 : ((Number(ns) / 1e6) * repeat) / timed
  }

  /** A signal to this process ends it between two batches. */
  #run(repeat: number, data: Buffer): void {
    try {
      this.#program.testRun({ data, ingressIfindex: this.ifindex, repeat, liveFrames: true, batchSize })
    } catch (error) {
      if (!(error instanceof BpfError && error.code === 'EINTR')) throw error
    }
  }

  close(): void {
    this.#program.close()
  }
}

/** struct load_spec. */
function encode({ vip, flows, first, stride, synEvery, newFlow, rate }: Load, room: number): Buffer {
  const spec = Buffer.alloc(headBytes + 2 * writtenBytes)
  const head = [first, stride, flows, newFlow, synEvery, synEvery, room]
  for (const [i, word] of head.entries()) spec.writeUInt32LE(word, 4 * i)
  if (rate) spec.writeBigUInt64LE(BigInt(Math.round(1e9 / rate)), intervalOffset)
  for (const [i, kind] of (['ack', 'syn'] as const).entries()) {
    frameTemplate(kind, vip).copy(spec, headBytes + i * writtenBytes, 0, writtenBytes)
  }
  return spec
}
