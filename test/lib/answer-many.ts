/**
 * Answers each UDP datagram to eth0 with as many as its payload says, numbered in order, by the sockets that argv names. Where the
 * payload says `refused:N`, every Nth goes where the kernel has no way. What was refused is printed.
 */
import { addressToNumber } from '../../src/core/address.js'
import { openBatchSockets } from '../../src/dataplane/raw/batch-sockets.js'
import { openNpmSockets } from '../../src/dataplane/raw/npm-sockets.js'
import { wholeOf } from '../../src/dataplane/sim/packet.js'

const [, , by, client = '', unreachable = ''] = process.argv
const mark = 1
const ipHeader = 20
const udpHeader = 8

const sockets = by === 'npm' ? await openNpmSockets(mark) : openBatchSockets(mark)
sockets.receive('eth0', ({ bytes, from, end }) => {
  const datagram = bytes.subarray(from, end)
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
    sockets.send(wholeOf(answer), addressToNumber(refuseEvery && i % refuseEvery === 0 ? unreachable : client))
  }
  // When the datagrams of this turn are through.
  setImmediate(() => process.stdout.write(`${JSON.stringify(sockets.takeRefused())}\n`))
})
process.stdout.write('ready\n')
