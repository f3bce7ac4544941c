import { getSystemErrorMap, getSystemErrorName } from 'node:util'
import { type NativeRawSocket, native, type Status } from '../native.js'

/** There is nothing to receive, or no room to send. */
export const EAGAIN = 11

/** Datagrams of a batch, one in each slot from the beginning of it. */
export interface Slots {
  readonly memory: Uint8Array
  /** Bytes from one slot to the next. */
  readonly slotBytes: number
  /** Bytes of each datagram. */
  readonly lengths: Uint32Array
}

/** Datagrams that go out. */
export interface OutgoingSlots extends Slots {
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

  /** @returns how many were received into the slots. @throws Error for an error of the socket, which is over then. */
  receive({ memory, slotBytes, lengths }: Slots): number {
    const count = this.#native.receive(memory, slotBytes, lengths)
    return count === -EAGAIN ? 0 : accepted(count, 'recvmmsg')
  }

  /**
   * Sends `count` of the slots, from slot `first` on, until the kernel refuses one.
   * @returns how many were sent, or -errno if the first is refused: no exception, which takes ten times as long as to send.
   */
  send({ memory, slotBytes, lengths, addresses }: OutgoingSlots, first: number, count: number): number {
    return this.#native.send(memory, slotBytes, lengths, addresses, first, count)
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
