import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GENL_MAX_ID } from '../../src/ipvs/codec/genetlink.js'
import { IPVS_CMD, IPVS_GENL_NAME } from '../../src/ipvs/codec/ipvs.js'
import { checkoutFile } from './checkout.js'
import {
  attribute,
  doneAnswer,
  errorAnswer,
  GENL_ID_CTRL,
  generic,
  type Message,
  message,
  NLM_F_ACK,
  NLM_F_DUMP,
  split,
  u16,
} from './netlink-message.js'

const ENOENT = 2

export const preloadLibrary = checkoutFile('build/Release/libxlvs-ipvs.so')
/** What is done about a request: messages to answer with, or that the director ends without answering. */
export type Answer = readonly Buffer[] | 'dies'

/** The director's end of the preload library, without a director: it keeps what it is asked and answers what it is told. */
export class FakeIpvs {
  /** All that were asked for in the family of IPVS, in order. */
  readonly requests: Message[] = []
  /** Decides about each request of that family; as if there were no services, unless replaced. */
  answer: (request: Message) => Answer = emptyAnswer
  /** Connections that came, since the beginning. */
  connections = 0
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  private constructor(readonly directory: string) {}

  static async create(): Promise<FakeIpvs> {
    return new FakeIpvs(await mkdtemp(join(tmpdir(), 'xlvs-fake-ipvs-')))
  }

  get path(): string {
    return join(this.directory, 'ipvs.sock')
  }

  /** The environment in which programs find it. */
  get env(): Record<string, string> {
    return { LD_PRELOAD: preloadLibrary, XLVS_IPVS_SOCKET: this.path }
  }

  async listen(): Promise<void> {
    this.#server = createServer((socket) => this.#serve(socket))
    await once(this.#server.listen(this.path), 'listening')
  }

  /** The director goes away, with all connections. */
  async die(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
    // Afterwards, or a client could be back before there is nobody to accept it.
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async close(): Promise<void> {
    await this.die()
    await rm(this.directory, { recursive: true, force: true })
  }

  /** Commands of the requests that came. */
  get asked(): number[] {
    return this.requests.map(commandOf)
  }

  #serve(socket: Socket): void {
    let pending = Buffer.alloc(0)
    this.connections++
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const { messages, rest } = split(Buffer.concat([pending, bytes]))
      pending = Buffer.from(rest)
      for (const each of messages) this.#handle(each, socket)
    })
  }

  #handle(request: Message, socket: Socket): void {
    if (request.type === GENL_ID_CTRL) {
      for (const each of familyAnswer(request)) socket.write(each)
      return
    }
    this.requests.push(request)
    const answer = this.answer(request)
    if (answer === 'dies') void this.die()
    else for (const each of answer) socket.write(each)
  }
}

export function commandOf(request: Message): number {
  return request.payload.readUInt8(0)
}

/** As a kernel with IPVS answers CTRL_CMD_GETFAMILY. */
function familyAnswer(request: Message): Buffer[] {
  if (request.flags & NLM_F_DUMP || !request.payload.includes(IPVS_GENL_NAME)) return [errorAnswer(request, ENOENT)]
  const family = generic(1, attribute(2, IPVS_GENL_NAME), attribute(1, u16(GENL_MAX_ID)), attribute(3, 1))
  return [message(GENL_ID_CTRL, 0, request, family), ...acknowledged(request)]
}

function acknowledged(request: Message): Buffer[] {
  return request.flags & NLM_F_ACK ? [errorAnswer(request, 0)] : []
}

/** As a kernel that has IPVS and no services. */
export function emptyAnswer(request: Message): Answer {
  if ((request.flags & NLM_F_DUMP) === NLM_F_DUMP) return [doneAnswer(request)]
  if (commandOf(request) !== IPVS_CMD.GET_INFO) return acknowledged(request)
  const info = generic(IPVS_CMD.SET_INFO, attribute(1, 0x010201), attribute(2, 4096))
  return [message(GENL_MAX_ID, 0, request, info), ...acknowledged(request)]
}
