import { getSystemErrorMap, getSystemErrorName } from 'node:util'
import { type NativeRawSocket, native, type Status } from '../native.js'

/** There is nothing to receive, or no room to send. */
export const EAGAIN = 11

/** Datagrams of a batch, and where in memory they are. */
export interface Batch {
  readonly memory: Uint8Array
  /** Where each begins. */
  readonly offsets: Uint32Array
  /** Bytes of each. */
  readonly lengths: Uint32Array
}

/** Datagrams that go out. */
export interface OutgoingBatch extends Batch {
  /** Where each goes: an IPv4 address in host order. */
  readonly addresses: Uint32Array
}

/** A raw IPv4 socket, raw(7), of the addon: it receives and sends up to 64 datagrams in one system call, and never waits. */
export class RawSocket {
  readonly #native: NativeRawSocket

  /** @param protocol of IP that it receives. @throws Error if the kernel refuses, UnsupportedError without the addon. */
  constructor(protocol: number) {
    this.#native = accepted(native().rawSocket(protocol), 'socket')
  }

  /** setsockopt(2). @throws Error if the kernel refuses. */
  setOption(level: number, name: number, value: number | Uint8Array): void {
    accepted(this.#native.setOption(level, name, value), 'setsockopt')
  }

  /** Calls back as long as there is something to receive, until close(). @throws Error. */
  watch(callback: () => void): void {
    accepted(this.#native.watch(callback), 'poll')
  }

  /**
   * @param room bytes for each.
   * @returns how many were received, and their lengths in the batch. @throws Error for an error of the socket, which is over then.
   */
  receive({ memory, offsets, lengths }: Batch, room: number): number {
    const count = this.#native.receive(memory, offsets, lengths, room)
    return count === -EAGAIN ? 0 : accepted(count, 'recvmmsg')
  }

  /**
   * Sends `count` datagrams of the batch, from its `first` on, until the kernel refuses one.
   * @returns how many were sent, or -errno if the first is refused: no exception, which takes ten times as long as to send.
   */
  send({ memory, offsets, lengths, addresses }: OutgoingBatch, first: number, count: number): number {
    return this.#native.send(memory, offsets, lengths, addresses, first, count)
  }

  close(): void {
    this.#native.close()
  }
}

function accepted<T extends number | object>(result: T | Status, call: string): T {
  if (typeof result !== 'number' || result >= 0) return result as T
  throw new Error(refusalText(call, result))
}

/** @param status -errno. */
export function refusalText(call: string, status: number): string {
  const [, words] = getSystemErrorMap().get(status) ?? []
  return `${call}: ${getSystemErrorName(status)}${words === undefined ? '' : ` (${words})`}`
}
