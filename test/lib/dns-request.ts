/**
 * Asks a DNS server for A records, each question from a socket of its own, and prints what it says, a line each.
 * argv: ADDRESS:PORT, the name, the first question's source port, how many questions. The source ports are counted up from the
 * first: one that the kernel draws may be that of an earlier question, whose connection the director still knows.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { argv } from 'node:process'
import { decode, encode } from 'dns-packet'

const [, , server = '', name = '', first = '', count = ''] = argv
const [address, port] = server.split(':')
const question = encode({ type: 'query', id: 1, questions: [{ type: 'A', name }] })
for (let i = 0; i < Number(count); i++) {
  const socket = createSocket('udp4')
  socket.bind(Number(first) + i)
  await once(socket, 'listening')
  socket.send(question, Number(port), address)
  const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) })
  socket.close()
  const records = decode(answer).answers ?? []
  console.log(records.flatMap((record) => (record.type === 'A' ? [record.data] : [])).join(' '))
}
