/** Datagrams by the addon: many in a system call, recvmmsg(2) and sendmmsg(2). */
import { EAGAIN, type OutgoingSlots, RawSocket, refusalText, type Slots } from '../../net/raw-socket.js'
import type { DatagramSockets, Receiver, Refused } from './datagram-sockets.js'
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
/** To make a view takes longer than what else is done about a packet, so those of usual lengths are kept. */
const longestKept = 2048

/** @param mark of what is sent, SO_MARK. @throws UnsupportedError without the addon, Error if the kernel refuses. */
export function openBatchSockets(mark: number): DatagramSockets {
  return new BatchSockets(mark)
}

class BatchSockets implements DatagramSockets {
  readonly #sender = new RawSocket(ipprotoRaw)
  readonly #incoming = slots()
  readonly #received = Buffer.from(this.#incoming.memory.buffer)
  readonly #views = Array.from({ length: receivedAtOnce }, (): Buffer[] => [])
  readonly #outgoing: OutgoingSlots = { ...slots(), addresses: new Uint32Array(receivedAtOnce) }
  readonly #refusals = new Refusals((status: number) => refusalText('sendmmsg', status))
  #queued = 0
  #listening = false

  constructor(mark: number) {
    prepareSender(this.#sender, mark)
  }

  receive(interfaceName: string, listener: (datagram: Buffer) => void): Receiver {
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

  send(datagram: Buffer, to: number): void {
    const { memory, lengths, addresses } = this.#outgoing
    memory.set(datagram, this.#queued * slotBytes)
    lengths[this.#queued] = datagram.length
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

  #read(socket: RawSocket, listener: (datagram: Buffer) => void): void {
    const count = this.#receive(socket)
    this.#listening = true
    try {
      for (let slot = 0; slot < count; slot++) listener(this.#view(slot))
    } finally {
      this.#listening = false
      this.#flush()
    }
  }

  #receive(socket: RawSocket): number {
    try {
      return socket.receive(this.#incoming)
    } catch {
      // An error that a packet of ours has brought; it is over.
      return 0
    }
  }

  #view(slot: number): Buffer {
    const length = this.#incoming.lengths[slot] ?? 0
    const kept = this.#views[slot]?.[length]
    if (kept) return kept
    const at = slot * slotBytes
    const view = this.#received.subarray(at, at + length)
    if (length <= longestKept && this.#views[slot]) this.#views[slot][length] = view
    return view
  }

  #flush(): void {
    for (let first = 0; first < this.#queued; ) {
      const left = this.#queued - first
      const sent = this.#sender.send(this.#outgoing, first, left)
      // Without room for this one there is none for the next.
      const refused = sent === -EAGAIN ? left : 1
      if (sent < 0) this.#refusals.add(sent, refused)
      first += sent < 0 ? refused : sent
    }
    this.#queued = 0
  }
}

function slots(): Slots {
  return {
    memory: new Uint8Array(receivedAtOnce * slotBytes),
    slotBytes,
    lengths: new Uint32Array(receivedAtOnce),
  }
}
