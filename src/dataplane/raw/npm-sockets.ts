/** Datagrams by the npm package raw-socket: one in a system call. */
import type { Socket } from 'raw-socket'
import { type Address, addressFromNumber } from '../../core/address.js'
import { UnsupportedError } from '../../core/errors.js'
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

type RawSocket = typeof import('raw-socket')

/** @param mark of what is sent, SO_MARK. @throws UnsupportedError without the package, Error if the kernel refuses. */
export async function openNpmSockets(mark: number, memory: DatagramMemory): Promise<DatagramSockets> {
  return new NpmSockets(await load(), mark, memory)
}

async function load(): Promise<RawSocket> {
  try {
    return (await import('raw-socket')).default
  } catch (cause) {
    const reason = 'neither the addon is built (npm run setup) nor the npm package raw-socket (npm rebuild raw-socket)'
    throw new UnsupportedError('raw sockets', reason, { cause })
  }
}

class NpmSockets implements DatagramSockets {
  readonly #raw: RawSocket
  readonly #sender: Socket
  readonly #refusals = new Refusals((error: unknown) => (error instanceof Error ? error.message : String(error)))
  /** To make a text of an address takes longer than to look it up. */
  readonly #addresses = new Map<number, Address>()

  readonly #memory: DatagramMemory

  constructor(raw: RawSocket, mark: number, memory: DatagramMemory) {
    this.#raw = raw
    this.#memory = memory
    this.#sender = this.#open(ipprotoRaw)
    prepareSender(configurable(this.#sender), mark)
    this.#sender.pauseRecv()
  }

  receive(interfaceName: string, listener: Listener): Receiver {
    const sockets: Socket[] = []
    const closeAll = () => {
      for (const socket of sockets) close(socket)
    }
    try {
      for (const protocol of receivedProtocols) {
        const socket = this.#open(protocol)
        sockets.push(socket)
        prepareReceiver(configurable(socket), protocol, interfaceName)
      }
      for (const socket of sockets) read(socket, this.#memory, listener)
    } catch (error) {
      closeAll()
      throw error
    }
    return { close: closeAll }
  }

  send(from: number, length: number, to: number): void {
    this.#send(this.#memory.bytes, from, length, to)
  }

  sendBytes(datagram: Buffer, to: number): void {
    this.#send(datagram, 0, datagram.length, to)
  }

  #send(bytes: Buffer, from: number, length: number, to: number): void {
    let address = this.#addresses.get(to)
    if (address === undefined) {
      address = addressFromNumber(to)
      this.#addresses.set(to, address)
    }
    try {
      this.#sender.wrap.send(bytes, from, length, address, ignore)
    } catch (error) {
      this.#refusals.add(error)
    }
  }

  takeRefused(): Refused {
    return this.#refusals.take()
  }

  close(): void {
    close(this.#sender)
  }

  #open(protocol: number): Socket {
    // Without a listener an error, of an interface that goes for one, would end the process.
    const socket = this.#raw.createSocket({ protocol }).on('error', ignore)
    open.add(socket)
    return socket
  }
}

/** One that nobody refers to is closed by the garbage collector, though it is listened to. */
const open = new Set<Socket>()

function close(socket: Socket): void {
  open.delete(socket)
  socket.close()
}

function ignore(): void {}

function configurable(socket: Socket) {
  return {
    setOption(level: number, name: number, value: number | Uint8Array): void {
      if (typeof value === 'number') socket.setOption(level, name, value >>> 0)
      else socket.setOption(level, name, Buffer.from(value), value.length)
    },
  }
}

/**
 * The package reads one datagram each time around the event loop, which takes longer than to read it. Here as many are read
 * as there are, but for the share of others.
 */
function read(socket: Socket, memory: DatagramMemory, listener: Listener): void {
  const { wrap } = socket
  memory.prepare()
  const [first = 0] = memory.offsets
  const slot = memory.bytes.subarray(first, first + longestDatagram)
  const take = (_: Buffer, length: number) => {
    memory.prepare()
    memory.lengths[0] = length
    listener(1)
  }
  wrap.removeAllListeners('recvReady')
  wrap.on('recvReady', () => {
    for (let left = receivedAtOnce; left > 0; left--) {
      try {
        wrap.recv(slot, take)
      } catch {
        // There are no more, or the interface is down.
        return
      }
    }
  })
}
