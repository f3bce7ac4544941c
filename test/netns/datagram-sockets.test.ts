/** Both kinds of sockets of the raw data plane: what is sent arrives in order, and a datagram that is refused takes no other with it. */
import t, { type Test } from 'tap'
import { checkoutFile } from '../lib/checkout.js'
import { Network, whyNoNamespaces } from '../lib/network.js'
import { waitFor } from '../lib/wait-for.js'
import { Workspace } from '../lib/workspace.js'

/** More than are sent at once. */
const count = 150
const refuseEvery = 7
const questions = 3

/** Two hosts on a wire. */
async function clientAndDirector(t: Test) {
  const workspace = new Workspace()
  t.teardown(() => workspace.close())
  const network = await Network.create(workspace)
  const host = (name: string, address: string) => network.host(name, { interfaces: [{ segment: 'lan', address }] })
  return { client: await host('client', '192.0.2.50/24'), director: await host('director', '192.0.2.5/24') }
}

/** Asks, prints what is answered, and asks again: the answers to one question have room in its receive buffer. */
const asker = `
const socket = require('dgram').createSocket('udp4')
let left = ${questions}
const ask = () => left-- > 0 && socket.send(process.argv[2], 6000, process.argv[1])
socket.on('message', (answer) => {
  const number = answer.readUInt32BE()
  console.log(number)
  if (number === ${count - 1}) ask()
})
socket.bind(5000, ask)
`

for (const by of ['addon', 'npm']) {
  t.test(by, { skip: (await whyNoNamespaces()) ?? false }, async (t) => {
    const { client, director } = await clientAndDirector(t)
    await director.namespace.ip(['route add prohibit 198.51.100.1'])
    const script = checkoutFile('dist/test/lib/answer-many.js')
    const answering = director.namespace.spawn(process.execPath, [script, by, client.address, '198.51.100.1'])
    await answering.says(/ready/)

    const question = JSON.stringify({ count, refuseEvery })
    const asking = client.namespace.spawn(process.execPath, ['-e', asker, director.address, question])
    const sent = Array.from({ length: count }, (_, i) => i).filter((i) => i % refuseEvery !== 0)
    const expected = Array.from({ length: questions }, () => sent).flat()
    const answers = () => asking.stdout.split('\n').slice(0, -1).map(Number)
    await waitFor('all answers', async () => answers().length >= expected.length)
    t.same(answers(), expected)

    const refused = answering.stdout.split('\n').filter((line) => line.startsWith('{'))
    const packets = refused.reduce((total, line) => total + JSON.parse(line).packets, 0)
    t.equal(packets, questions * Math.ceil(count / refuseEvery))
    t.match(refused[0], /EACCES|[Pp]ermission denied/)
    await asking.stop()
    await answering.stop()
  })
}

/** Sends datagrams of different lengths, each full of its number, and prints the number and length of each answer. */
const crowd = `
const socket = require('dgram').createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
socket.on('message', (answer) => {
  const number = answer[0]
  console.log(answer.every((byte) => byte === number) ? number + ' ' + answer.length : 'mixed up')
})
socket.bind(5000, () => {
  for (let i = 0; i < ${count}; i++) socket.send(Buffer.alloc(1 + (i * 37) % 1400, i), 6000, process.argv[1])
})
`

for (const by of ['addon', 'npm']) {
  t.test(
    `${by}: answers from where datagrams were received, and others between them`,
    { skip: (await whyNoNamespaces()) ?? false },
    async (t) => {
      const { client, director } = await clientAndDirector(t)
      const answering = director.namespace.spawn(process.execPath, [
        checkoutFile('dist/test/lib/answer-in-place.js'),
        by,
      ])
      await answering.says(/ready/)
      const asking = client.namespace.spawn(process.execPath, ['-e', crowd, director.address])
      const expected = Array.from({ length: count }, (_, i) => `${i} ${1 + ((i * 37) % 1400)}`).flatMap((line) => [
        line,
        line,
        line,
      ])
      const answers = () => asking.stdout.split('\n').slice(0, -1)
      await waitFor('all answers', async () => answers().length >= expected.length)
      t.same(answers(), expected)
      await asking.stop()
      await answering.stop()
    },
  )
}

t.test('a listener that throws', { skip: (await whyNoNamespaces()) ?? false }, async (t) => {
  const workspace = new Workspace()
  t.teardown(() => workspace.close())
  const namespace = await workspace.namespace('throwing')
  const printed = await namespace.exec(process.execPath, [checkoutFile('dist/test/lib/throwing-listener.js')])
  t.equal(printed, 'received 1\nuncaught of the listener\nreceived 1\nreceived 1\n')
})
