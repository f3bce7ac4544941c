/** Datagrams by the npm package raw-socket. */
import type { Socket } from 'raw-socket'
import type { Address } from '../../core/address.js'
import { UnsupportedError } from '../../core/errors.js'
import { requireCapabilities } from '../../net/capabilities.js'
import { ipProtocol } from '../sim/packet.js'
import { icmpType } from '../sim/parse-icmp.js'
import type { DatagramSockets, Receiver } from './datagram-sockets.js'

/** asm-generic/socket.h, linux/icmp.h, linux/in.h. */
const solSocket = 1
const soBindToDevice = 25
const soSendBufferForce = 32
const soReceiveBufferForce = 33
const soMark = 36
const solRaw = 255
const icmpFilter = 1
/** A socket of this protocol sends with the header that it is given, and receives nothing. */
const ipprotoRaw = 255

/** The longest datagram. */
const longest = 65_535
/** What may wait while the process does something else: some milliseconds at full speed. */
const receiveBufferBytes = 8 << 20
/** And what may wait for a slow interface. */
const sendBufferBytes = 8 << 20
/** Datagrams read before others get their turn. */
const batch = 64

/** Errors about packets of ours; others are not the director's business. */
const errorTypes = Object.values(icmpType)

type RawSocket = typeof import('raw-socket')

/** @param mark of what is sent, SO_MARK. @throws UnsupportedError without the package or the capabilities. */
export async function openNpmSockets(mark: number): Promise<DatagramSockets> {
  requireCapabilities('raw sockets', ['CAP_NET_ADMIN', 'CAP_NET_RAW'])
  const raw = await load()
  try {
    return new NpmSockets(raw, mark)
  } catch (cause) {
    throw new UnsupportedError('raw sockets', `the kernel refuses one: ${(cause as Error).message}`, { cause })
  }
}

async function load(): Promise<RawSocket> {
  try {
    return (await import('raw-socket')).default
  } catch (cause) {
    const reason = 'the npm package raw-socket is not built (npm rebuild raw-socket)'
    throw new UnsupportedError('raw sockets', reason, { cause })
  }
}

class NpmSockets implements DatagramSockets {
  readonly #raw: RawSocket
  readonly #sender: Socket

  constructor(raw: RawSocket, mark: number) {
    this.#raw = raw
    this.#sender = this.#open(ipprotoRaw)
    this.#sender.setOption(solSocket, soMark, mark)
    force(this.#sender, soSendBufferForce, sendBufferBytes)
    this.#sender.pauseRecv()
  }

  receive(interfaceName: string, listener: (datagram: Buffer) => void): Receiver {
    const sockets = [ipProtocol.TCP, ipProtocol.UDP, ipProtocol.ICMP].map((protocol) => this.#open(protocol))
    try {
      for (const socket of sockets) bind(socket, interfaceName)
      const [, , icmp] = sockets
      icmp?.setOption(solRaw, icmpFilter, ~errorTypes.reduce((bits, type) => bits | (1 << type), 0) >>> 0)
      for (const socket of sockets) read(socket, listener)
    } catch (error) {
      for (const socket of sockets) close(socket)
      throw error
    }
    return {
      close: () => {
        for (const socket of sockets) close(socket)
      },
    }
  }

  send(datagram: Buffer, to: Address): void {
    this.#sender.wrap.send(datagram, 0, datagram.length, to, ignore)
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

function bind(socket: Socket, interfaceName: string): void {
  const name = Buffer.from(`${interfaceName}\0`)
  socket.setOption(solSocket, soBindToDevice, name, name.length)
  force(socket, soReceiveBufferForce, receiveBufferBytes)
}

/** Not in every container; then it is what the administrator allows. */
function force(socket: Socket, option: number, bytes: number): void {
  try {
    socket.setOption(solSocket, option, bytes)
  } catch {}
}

/** All datagrams of all sockets are read into it, one after the other. */
const buffer = Buffer.alloc(longest)
/** Its beginnings, by their length: to make one takes as long as a third of what else is done about a packet. */
const beginnings: Buffer[] = []

/**
 * The package reads one datagram each time around the event loop, which takes longer than to read it. Here as many are read
 * as there are, but for the share of others.
 */
function read(socket: Socket, listener: (datagram: Buffer) => void): void {
  const { wrap } = socket
  const take = (_: Buffer, bytes: number) => {
    beginnings[bytes] ??= buffer.subarray(0, bytes)
    listener(beginnings[bytes])
  }
  wrap.removeAllListeners('recvReady')
  wrap.on('recvReady', () => {
    for (let left = batch; left > 0; left--) {
      try {
        wrap.recv(buffer, take)
      } catch {
        // There are no more, or the interface is down.
        return
      }
    }
  })
}
