/** Headers, acks, errors and ends of dumps, against bytes by the layouts of include/uapi/linux/netlink.h. */
import t from 'tap'
import { decodeErrno, decodeMessage, decodeMessages, encodeAck, encodeDone } from '../../../src/ipvs/codec/message.js'
import { Writer } from '../../../src/ipvs/codec/writer.js'
import { hex } from './bytes.js'

const request = hex('18000000 ff03 0500 07000000 92100000 0f01 0000 aabbccdd')

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  write(writer)
  return writer.take()
}

t.test('a header and its payload', async (t) => {
  const { payload, ...header } = decodeMessage(request)
  t.strictSame(header, { type: 1023, flags: 5, seq: 7, pid: 4242 })
  t.strictSame(payload, hex('0f010000 aabbccdd'))
})

t.test('several messages, as one datagram brings them', async (t) => {
  const odd = hex('13000000 1000 0200 01000000 02000000 616263 00')
  const messages = [...decodeMessages(Buffer.concat([odd, request, odd.subarray(0, 19)]))]
  t.strictSame(
    messages.map(({ type, payload }) => [type, payload.toString('hex')]),
    [
      [0x10, '616263'],
      [1023, '0f010000aabbccdd'],
      [0x10, '616263'],
    ],
  )
})

t.test('lengths that cannot be', async (t) => {
  const cases = { none: '', half: '1800', short: '0f000000 ff03 0500 07000000 92100000', long: '19000000 ff030500' }
  for (const [what, bytes] of Object.entries(cases)) {
    t.throws(() => decodeMessage(hex(bytes)), { name: 'NetlinkError', code: 'EINVAL', errno: 22 }, what)
  }
  t.throws(() => [...decodeMessages(Buffer.concat([request, hex('10000000 ff03')]))], { code: 'EINVAL' })
})

t.test('an ack has the header of the request', async (t) => {
  const ack = written((writer) => encodeAck(writer, request, 0))
  t.strictSame(ack, hex('24000000 0200 0001 07000000 92100000 00000000 18000000 ff03 0500 07000000 92100000'))
  t.equal(decodeErrno(decodeMessage(ack)), 0)
})

t.test('an error has the whole request', async (t) => {
  const error = written((writer) => encodeAck(writer, request, 22))
  const header = '2c000000 0200 0000 07000000 92100000 eaffffff'
  t.strictSame(error, Buffer.concat([hex(header), request]))
  t.equal(decodeErrno(decodeMessage(error)), 22)
})

t.test('an error about a request of odd length counts with its padding, as Linux 6.1 has it', async (t) => {
  const error = written((writer) => encodeAck(writer, hex('11000000 ff03 0500 07000000 92100000 aa'), 1))
  t.equal(error.readUInt32LE(0), 40)
  t.strictSame(error.subarray(20), hex('11000000 ff03 0500 07000000 92100000 aa 000000'))
})

t.test('the end of a dump, also of one that broke off', async (t) => {
  const done = written((writer) => encodeDone(writer, decodeMessage(request), 0))
  t.strictSame(done, hex('14000000 0300 0200 07000000 92100000 00000000'))
  const broken = written((writer) => encodeDone(writer, decodeMessage(request), 5))
  t.equal(decodeErrno(decodeMessage(broken)), 5)
  t.throws(() => decodeErrno({ ...decodeMessage(done), payload: Buffer.alloc(3) }), { code: 'EINVAL' })
})
