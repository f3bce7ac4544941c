/** Datagrams by the addon: many in a system call, recvmmsg(2) and sendmmsg(2). */
import { EAGAIN, RawSocket, refusalText } from '../../net/raw-socket.js'
import type { DatagramMemory } from './datagram-memory.js'
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

/** @param mark of what is sent, SO_MARK. @throws UnsupportedError without the addon, Error if the kernel refuses. */
export function openBatchSockets(mark: number, memory: DatagramMemory): DatagramSockets {
  return new BatchSockets(mark, memory)
}

class BatchSockets implements DatagramSockets {
  readonly #sender = new RawSocket(ipprotoRaw)
  readonly #memory: DatagramMemory
  readonly #incoming
  readonly #outgoing
  readonly #refusals = new Refusals((status: number) => refusalText('sendmmsg', status))
  #queued = 0
  #listening = false

  constructor(mark: number, memory: DatagramMemory) {
    const { bytes, offsets, lengths } = memory
    this.#memory = memory
    this.#incoming = { memory: bytes, offsets, lengths }
    this.#outgoing = {
      memory: bytes,
      offsets: new Uint32Array(receivedAtOnce),
      lengths: new Uint32Array(receivedAtOnce),
      addresses: new Uint32Array(receivedAtOnce),
    }
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

  send(from: number, length: number, to: number): void {
    const { offsets, lengths, addresses } = this.#outgoing
    offsets[this.#queued] = from
    lengths[this.#queued] = length
    addresses[this.#queued] = to
    this.#queued++
    if (!this.#listening || this.#queued === receivedAtOnce) this.#flush()
  }

  sendBytes(datagram: Buffer, to: number): void {
    this.send(this.#memory.put(datagram, this.#queued), datagram.length, to)
  }

  takeRefused(): Refused {
    return this.#refusals.take()
  }

  close(): void {
    this.#sender.close()
  }

  #read(socket: RawSocket, listener: Listener): void {
    const count = this.#receive(socket)
    this.#listening = true
    try {
      listener(count)
    } finally {
      this.#listening = false
      this.#flush()
    }
  }

  #receive(socket: RawSocket): number {
    this.#memory.prepare()
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
