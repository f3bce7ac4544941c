/** Datagrams by the addon: many in a system call, recvmmsg(2) and sendmmsg(2). */
import { EAGAIN, RawSocket, refusalText } from '../../net/raw-socket.js'
import { headroom, type Span } from '../sim/packet.js'
import type { DatagramSockets, Listener, Receiver, Refused } from './datagram-sockets.js'
import { Refusals } from './refusals.js'
import {
  ipprotoRaw,
  longestDatagram,
  prepareReceiver,
  prepareSender,
  receivedAtOnce,
  receivedProtocols,
} from './socket-options.js'

/** A cache line more than a power of two, or the beginnings of all datagrams would compete for the same lines of the cache. */
const slotBytes = longestDatagram + 1 + 64

/** @param mark of what is sent, SO_MARK. @throws UnsupportedError without the addon, Error if the kernel refuses. */
export function openBatchSockets(mark: number): DatagramSockets {
  return new BatchSockets(mark)
}

class BatchSockets implements DatagramSockets {
  readonly #sender = new RawSocket(ipprotoRaw)
  /** Slots for what is received, and behind them as many for what is sent from elsewhere. */
  readonly #memory = Buffer.alloc(2 * receivedAtOnce * slotBytes)
  readonly #incoming = {
    memory: this.#memory,
    offsets: slotOffsets(),
    lengths: new Uint32Array(receivedAtOnce),
  }
  readonly #outgoing = {
    memory: this.#memory,
    offsets: new Uint32Array(receivedAtOnce),
    lengths: new Uint32Array(receivedAtOnce),
    addresses: new Uint32Array(receivedAtOnce),
  }
  readonly #refusals = new Refusals((status: number) => refusalText('sendmmsg', status))
  #queued = 0
  #listening = false

  constructor(mark: number) {
    prepareSender(this.#sender, mark)
  }

  receive(interfaceName: string, listener: Listener): Receiver {
    const sockets: RawSocket[] = []
    const close = () => {
      for (const socket of sockets) socket.close()
    }
    try {
      for (const protocol of receivedProtocols) {
        const socket = new RawSocket(protocol)
        sockets.push(socket)
        prepareReceiver(socket, protocol, interfaceName)
        // What came before it was bound may be of other interfaces.
        while (this.#receive(socket) > 0);
      }
      for (const socket of sockets) socket.watch(() => this.#read(socket, listener))
    } catch (error) {
      close()
      throw error
    }
    return { close }
  }

  send({ bytes, from, end }: Span, to: number): void {
    const { offsets, lengths, addresses } = this.#outgoing
    let at = from
    if (bytes !== this.#memory) {
      at = (receivedAtOnce + this.#queued) * slotBytes
      bytes.copy(this.#memory, at, from, end)
    }
    offsets[this.#queued] = at
    lengths[this.#queued] = end - from
    addresses[this.#queued] = to
    this.#queued++
    if (!this.#listening || this.#queued === receivedAtOnce) this.#flush()
  }

  takeRefused(): Refused {
    return this.#refusals.take()
  }

  close(): void {
    this.#sender.close()
  }

  #read(socket: RawSocket, listener: Listener): void {
    const { offsets, lengths } = this.#incoming
    const count = this.#receive(socket)
    this.#listening = true
    try {
      for (let slot = 0; slot < count; slot++) {
        const from = offsets[slot] ?? 0
        listener({ bytes: this.#memory, from, end: from + (lengths[slot] ?? 0) })
      }
    } finally {
      this.#listening = false
      this.#flush()
    }
  }

  #receive(socket: RawSocket): number {
    try {
      return socket.receive(this.#incoming, longestDatagram)
    } catch {
      // An error that a packet of ours has brought; it is over.
      return 0
    }
  }

  #flush(): void {
    for (let first = 0; first < this.#queued; ) {
      const left = this.#queued - first
      const sent = this.#sender.send(this.#outgoing, first, left)
      if (sent >= 0) {
        first += sent
        continue
      }
      // Without room for this one there is none for the next.
      const refused = sent === -EAGAIN ? left : 1
      this.#refusals.add(sent, refused)
      first += refused
    }
    this.#queued = 0
  }
}

/** Where datagrams begin. */
function slotOffsets(): Uint32Array {
  return Uint32Array.from({ length: receivedAtOnce }, (_, slot) => slot * slotBytes + headroom)
}
