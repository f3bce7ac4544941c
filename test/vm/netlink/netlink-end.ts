import type { Readable, Writable } from 'node:stream'
import {
  type Message,
  message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
  split,
} from '../../lib/netlink-message.js'

const NLM_F_REQUEST = 0x1
const NLMSG_NOOP = 0x1
/** No client's: theirs begin with the time of day and count up. */
const fenceSeq = 0xffff_ffff

/** Answered by its ack alone, after all that was asked before it: then nothing more is to come. */
const fence = message(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, { seq: fenceSeq, pid: 0 }, Buffer.alloc(0))

/** How long an answer may take, where the processor is emulated and others are asked before. */
const patienceMs = 120_000

interface Asked {
  readonly bytes: Buffer
  readonly isDump: boolean
  readonly answers: Message[]
  done(answers: Message[]): void
  failed(cause: Error): void
}

/**
 * Who answers generic netlink messages, over a stream of them: a kernel behind a socket, or a director. Requests are passed on
 * at once, but for dumps: the kernel answers others in their middle.
 */
export class NetlinkEnd {
  readonly #waiting: Asked[] = []
  readonly #underWay: Asked[] = []
  #rest: Buffer = Buffer.alloc(0)

  constructor(
    readonly name: string,
    private readonly input: Writable,
    output: Readable,
  ) {
    input.on('error', () => {})
    output.on('data', (bytes: Buffer) => this.#take(bytes))
    output.once('close', () => this.#fail(new Error(`${name} has closed its netlink socket`)))
  }

  /** Sends a request; gives all messages that answer it. @throws Error if none or no last one comes. */
  async ask(request: Buffer): Promise<Message[]> {
    const isDump = (request.readUInt16LE(6) & NLM_F_DUMP) === NLM_F_DUMP
    const bytes = Buffer.concat([request, Buffer.alloc(-request.length & 3), ...(isDump ? [] : [fence])])
    const late = new Error(`${this.name} did not answer a netlink request within ${patienceMs} ms`)
    const timer = setTimeout(() => this.#fail(late), patienceMs)
    const answered = new Promise<Message[]>((done, failed) => {
      this.#waiting.push({ bytes, isDump, answers: [], done, failed })
    })
    this.#send()
    return answered.finally(() => clearTimeout(timer))
  }

  close(): void {
    this.input.end()
  }

  #send(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (this.#underWay.length > 0 && (next.isDump || this.#underWay[0]?.isDump)) return
      this.#waiting.shift()
      this.#underWay.push(next)
      this.input.write(next.bytes)
    }
  }

  #take(bytes: Buffer): void {
    const { messages, rest } = split(Buffer.concat([this.#rest, bytes]))
    this.#rest = rest
    for (const each of messages) this.#assign(each)
    this.#send()
  }

  /** Answers come in the order of requests. */
  #assign(message: Message): void {
    const [first] = this.#underWay
    if (!first) return
    const isFence = !first.isDump && message.seq === fenceSeq
    if (!isFence) first.answers.push(message)
    const isEnd = first.isDump && (message.type === NLMSG_DONE || message.type === NLMSG_ERROR)
    if (!isFence && !isEnd) return
    this.#underWay.shift()
    first.done(first.answers)
  }

  #fail(cause: Error): void {
    for (const { failed } of [...this.#underWay.splice(0), ...this.#waiting.splice(0)]) failed(cause)
  }
}
