/** What sockets of both kinds are told: numbers of asm-generic/socket.h, linux/icmp.h and linux/in.h. */
import { sharedConstant } from '../tables/layout.gen.js'
import { ipProtocol } from './ipv4.js'

const solSocket = 1
const soBindToDevice = 25
const soSendBufferForce = 32
const soReceiveBufferForce = 33
const soMark = 36
const solRaw = 255
const icmpFilter = 1

/** A socket of this protocol sends with the header that it is given, and receives nothing. */
export const ipprotoRaw = 255
/** What is received: one socket each. */
export const receivedProtocols = [ipProtocol.TCP, ipProtocol.UDP, ipProtocol.ICMP]
/** The longest datagram, in bytes. */
export const longestDatagram = 65_535
/** Datagrams received before others get their turn. */
export const receivedAtOnce = sharedConstant.BATCH_SIZE

/** What may wait while the process does something else: some milliseconds at full speed. */
const receiveBufferBytes = 8 << 20
/** And what may wait for a slow interface. */
const sendBufferBytes = 8 << 20

/** Errors about packets of ours (RFC 792: unreachable, source quench, time exceeded); others are not the director's business. */
const acceptedIcmp = [3, 4, 11].reduce((bits, type) => bits | (1 << type), 0)

interface Configurable {
  setOption(level: number, name: number, value: number | Uint8Array): void
}

/** @param mark of what it sends. @throws Error if the kernel refuses. */
export function prepareSender(socket: Configurable, mark: number): void {
  socket.setOption(solSocket, soMark, mark)
  force(socket, soSendBufferForce, sendBufferBytes)
}

/** @throws Error if there is no such interface. */
export function prepareReceiver(socket: Configurable, protocol: number, interfaceName: string): void {
  socket.setOption(solSocket, soBindToDevice, Buffer.from(`${interfaceName}\0`))
  force(socket, soReceiveBufferForce, receiveBufferBytes)
  if (protocol === ipProtocol.ICMP) socket.setOption(solRaw, icmpFilter, ~acceptedIcmp)
}

/** Not in every container; then it is what the administrator allows. */
function force(socket: Configurable, option: number, bytes: number): void {
  try {
    socket.setOption(solSocket, option, bytes)
  } catch {}
}
