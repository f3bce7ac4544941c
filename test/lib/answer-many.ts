/**
 * Answers each UDP datagram to eth0 with as many as its payload says, numbered in order, by the sockets that argv names. Where the
 * payload says `refused:N`, every Nth goes where the kernel has no way. What was refused is printed.
 */
import { addressToNumber } from '../../src/core/address.js'
import { openBatchSockets } from '../../src/dataplane/raw/batch-sockets.js'
import { openNpmSockets } from '../../src/dataplane/raw/npm-sockets.js'
import { noDatagrams } from './raw-director.js'

const [, , by, client = '', unreachable = ''] = process.argv
const mark = 1
const ipHeader = 20
const udpHeader = 8

const memory = noDatagrams()
const { bytes, offsets, lengths } = memory
const sockets = by === 'npm' ? await openNpmSockets(mark, memory) : openBatchSockets(mark, memory)
sockets.receive('eth0', (received) => {
  for (let i = 0; i < received; i++) {
    const from = offsets[i] ?? 0
    answerAll(Buffer.from(bytes.subarray(from, from + (lengths[i] ?? 0))))
  }
})

function answerAll(datagram: Buffer): void {
  const { count, refuseEvery } = JSON.parse(datagram.toString('latin1', ipHeader + udpHeader))
  const answer = Buffer.alloc(ipHeader + udpHeader + 4)
  datagram.copy(answer, 0, 0, ipHeader + udpHeader)
  datagram.copy(answer, 12, 16, 20)
  datagram.copy(answer, 16, 12, 16)
  datagram.copy(answer, 20, 22, 24)
  datagram.copy(answer, 22, 20, 22)
  answer.writeUInt16BE(udpHeader + 4, 24)
  answer.writeUInt16BE(0, 26)
  for (let i = 0; i < count; i++) {
    answer.writeUInt32BE(i, ipHeader + udpHeader)
    sockets.sendBytes(answer, addressToNumber(refuseEvery && i % refuseEvery === 0 ? unreachable : client))
  }
  // When the datagrams of this turn are through.
  setImmediate(() => process.stdout.write(`${JSON.stringify(sockets.takeRefused())}\n`))
}

process.stdout.write('ready\n')
