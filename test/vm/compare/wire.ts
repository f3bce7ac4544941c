import { readFileSync } from 'node:fs'
import { type BpfLink, type BpfMap, BpfObject, type BpfProgram } from '../../../src/bpf/index.js'
import { checkoutFile } from '../../lib/checkout.js'
import { type FrameSpec, frame } from '../../lib/packet.js'
import { waitFor } from '../../lib/wait-for.js'
import { director, neighbours } from './plan.js'

const maxFrames = 4096
const lengthBytes = 4
const key = Buffer.alloc(4)

/** Sequence numbers of fences, so that each answer is told from the one before. */
const maxSequence = 0x10000

/**
 * The wire to one director: sends it frames, records all that it sends (test/bpf/wire.bpf.c). One end
 * of a veth in this process's own network namespace.
 */
export class Wire {
  readonly #link: BpfLink
  readonly #inject: BpfProgram
  readonly #frames: BpfMap
  readonly #seen: BpfMap
  #read = 0
  #sequence = 0

  /**
   * @param device an interface of this namespace whose other end the director has.
   * @param station who is there: it gets the frames and answers pings.
   */
  constructor(
    device: string,
    private readonly station: { readonly address: string; readonly mac: string } = director,
  ) {
    const ifindex = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'))
    const object = BpfObject.open(checkoutFile('build/test/bpf/wire.bpf.o'))
    object.load()
    const value = Buffer.alloc(4)
    value.writeUInt32LE(ifindex)
    object.map('wire').update(key, value)
    this.#frames = object.map('frames')
    this.#seen = object.map('seen')
    this.#inject = object.program('inject')
    this.#link = object.program('record').attachXdp(ifindex, 'native')
    object.close()
  }

  /** Sends frames from the gateway, in order. */
  send(specs: readonly FrameSpec[]): void {
    for (const spec of specs) {
      const ethernet = { destination: this.station.mac, source: neighbours.gateway.mac, ...spec.ethernet }
      this.sendBytes(frame({ ...spec, ethernet }))
    }
  }

  sendBytes(data: Buffer): void {
    this.#inject.testRun({ data, liveFrames: true })
  }

  /**
   * All frames that the director has sent since the last call, because of what was sent to it before.
   *
   * Two pings make sure: what a director sends by XDP_TX can leave it after the first one's answer, of
   * the same NAPI poll, but no later than that poll.
   */
  async flush(): Promise<Buffer[]> {
    const frames = [...(await this.#fence()), ...(await this.#fence())]
    return frames
  }

  close(): void {
    this.#link.close()
  }

  /** Pings the director; gives the frames recorded before and with the answer, without it. */
  async #fence(): Promise<Buffer[]> {
    this.#sequence = (this.#sequence + 1) % maxSequence
    const rest = 0xfe0c0000 + this.#sequence
    this.send([{ ip: { destination: this.station.address }, icmp: { type: 8, rest } }])
    const found: Buffer[] = []
    await waitFor("the director's answer to a ping", () => {
      found.push(...this.#unread())
      return found.some((each) => isAnswer(each, rest))
    })
    return found.filter((each) => !isAnswer(each, rest))
  }

  #unread(): Buffer[] {
    const seen = Number(this.#seen.lookup(key)?.readBigUInt64LE() ?? 0n)
    if (seen - this.#read > maxFrames)
      throw new Error(`${seen - this.#read} frames at once: the wire records ${maxFrames}`)
    const frames: Buffer[] = []
    for (; this.#read < seen; this.#read++) {
      const index = Buffer.alloc(4)
      index.writeUInt32LE(this.#read % maxFrames)
      const slot = this.#frames.lookup(index) ?? Buffer.alloc(lengthBytes)
      frames.push(slot.subarray(lengthBytes, lengthBytes + slot.readUInt32LE()))
    }
    return frames
  }
}

/** Whether a frame is the echo reply (RFC 792, type 0) with these id and sequence. */
function isAnswer(bytes: Buffer, rest: number): boolean {
  return bytes.length >= 42 && bytes[23] === 1 && bytes[34] === 0 && bytes.readUInt32BE(38) === rest
}
