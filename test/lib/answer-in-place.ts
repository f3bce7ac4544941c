/**
 * Answers each UDP datagram to eth0 three times, by the sockets that argv names: from bytes of its own, from where it was received,
 * and from bytes of its own again. Busy at first, so that the datagrams after the first one come in batches.
 */
import { openBatchSockets } from '../../src/dataplane/raw/batch-sockets.js'
import { openNpmSockets } from '../../src/dataplane/raw/npm-sockets.js'
import { noDatagrams } from './raw-director.js'

const mark = 1
const busyMs = 300
/** How far before its place a datagram is sent from. */
const headroom = 20
/** Of an IP header without options: addresses; and behind it: ports, UDP checksum. */
const [source, destination, ports, udpChecksum] = [12, 16, 20, 26]

const memory = noDatagrams()
const { bytes, offsets, lengths } = memory
const sockets = process.argv[2] === 'npm' ? await openNpmSockets(mark, memory) : openBatchSockets(mark, memory)
let isFirst = true
sockets.receive('eth0', (count) => {
  if (isFirst) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyMs)
  isFirst = false
  for (let i = 0; i < count; i++) answer(offsets[i] ?? 0, lengths[i] ?? 0)
})

function answer(from: number, length: number): void {
  const end = from + length
  const to = bytes.readUInt32BE(from + source)
  const addresses = Buffer.from(bytes.subarray(from + source, from + ports + 4))
  addresses.copy(bytes, from + destination, 0, 4)
  addresses.copy(bytes, from + source, 4, 8)
  addresses.copy(bytes, from + ports, 10, 12)
  addresses.copy(bytes, from + ports + 2, 8, 10)
  bytes.writeUInt16BE(0, from + udpChecksum)
  const copy = Buffer.from(bytes.subarray(from, end))
  sockets.sendBytes(copy, to)
  const moved = from - headroom
  bytes.copyWithin(moved, from, end)
  sockets.send(moved, length, to)
  sockets.sendBytes(copy, to)
  copy.fill(0)
}

process.stdout.write('ready\n')
