import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { constants } from 'node:os'
import type { Test } from 'tap'
import { serveIpvs } from '../../../src/ipvs/server/server.js'
import type { SocketServer } from '../../../src/net/unix-socket.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { socketPath } from '../api/fixture.js'
import { type Fixture, type Given, startedDirector } from '../director/fixture.js'
import { ACK, command, DUMP, type Envelope, REQUEST } from './bytes.js'

export interface IpvsServed extends Fixture {
  readonly path: string
  readonly server: SocketServer
  readonly client: NetlinkClient
  /** Commands that were reported as carried out. */
  changed: number
  /** Whether the director says that it is going down. */
  goesDown: boolean
}

/** A director behind a socket for netlink messages, with a client; the ways to 10.0.0.11 to .19 are known. */
export async function ipvsServed(t: Test, given: Given = {}): Promise<IpvsServed> {
  const fixture = await startedDirector(given)
  for (let n = 11; n < 20; n++) fixture.nextHops.set(`10.0.0.${n}`, hopTo(n))
  const path = socketPath(t)
  const state = { changed: 0, goesDown: false }
  const parts = {
    director: fixture.director,
    clock: fixture.clock,
    changed: (commands: number) => {
      state.changed += commands
    },
    goesDown: () => state.goesDown,
  }
  const server = await serveIpvs(path, parts, fixture.log)
  t.teardown(() => server.close())
  const client = await NetlinkClient.connect(t, path)
  return Object.assign(state, { ...fixture, path, server, client })
}

/** A message of an answer, taken apart by hand. */
export interface Answer {
  readonly type: number
  readonly flags: number
  readonly seq: number
  readonly pid: number
  readonly payload: Buffer
}

export const [ERROR, DONE] = [2, 3]

/** Sends messages as they are and takes answers apart, by the lengths in their headers alone. */
export class NetlinkClient {
  readonly #messages: AsyncIterator<Answer>

  constructor(readonly socket: Socket) {
    this.#messages = messages(socket)
  }

  static async connect(t: Test, path: string): Promise<NetlinkClient> {
    const socket = connect({ path, allowHalfOpen: true })
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return new NetlinkClient(socket)
  }

  send(...bytes: Buffer[]): void {
    this.socket.write(Buffer.concat(bytes))
  }

  /** The next message; undefined at the end of the connection. */
  async next(): Promise<Answer | undefined> {
    const { value, done } = await this.#messages.next()
    return done ? undefined : value
  }

  /** Sends a message; all of the answer, the last is an ack, an error or the end of a dump. */
  async ask(request: Buffer): Promise<Answer[]> {
    this.send(request, Buffer.alloc(-request.length & 3))
    const answers: Answer[] = []
    for (;;) {
      const answer = await this.next()
      if (!answer) throw new Error('the connection ended')
      answers.push(answer)
      if (answer.type === ERROR || answer.type === DONE) return answers
    }
  }

  /** Carries a command out; the name of the errno that it gets, or `ok`. */
  async result(cmd: number, ...attributes: Buffer[]): Promise<string> {
    const answers = await this.ask(command(cmd, attributes))
    return errnoName(answers.at(-1))
  }

  /** Payloads of a dump without their generic header; it has to end well. */
  async dump(cmd: number, attributes: Buffer[] = [], envelope: Envelope = {}): Promise<Buffer[]> {
    const answers = await this.ask(command(cmd, attributes, { flags: REQUEST | ACK | DUMP, ...envelope }))
    const end = answers.pop()
    if (end?.type !== DONE || end.payload.readInt32LE() !== 0) throw new Error('the dump did not end well')
    return answers.map(({ payload }) => payload.subarray(4))
  }
}

async function* messages(socket: Socket): AsyncGenerator<Answer> {
  let pending: Buffer = Buffer.alloc(0)
  for await (const chunk of socket) {
    pending = Buffer.concat([pending, chunk as Buffer])
    while (pending.length >= 16) {
      const length = pending.readUInt32LE(0)
      if (length < 16) throw new Error(`a message of ${length} bytes`)
      const padded = (length + 3) & ~3
      if (pending.length < padded) break
      yield {
        type: pending.readUInt16LE(4),
        flags: pending.readUInt16LE(6),
        seq: pending.readUInt32LE(8),
        pid: pending.readUInt32LE(12),
        payload: pending.subarray(16, length),
      }
      pending = pending.subarray(padded)
    }
  }
}

/** `ok` for an ack, or the name of an error's errno. */
export function errnoName(answer: Answer | undefined): string {
  if (answer?.type !== ERROR) return `no ack but type ${answer?.type}`
  const errno = -answer.payload.readInt32LE(0)
  if (errno === 0) return 'ok'
  const names = Object.entries(constants.errno).flatMap(([name, number]) => (number === errno ? [name] : []))
  // EOPNOTSUPP has another name of libc's.
  return names.find((name) => name !== 'ENOTSUP') ?? `errno ${errno}`
}
