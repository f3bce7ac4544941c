/** Listens to UDP with a callback that throws at its first call, sends three datagrams to itself, and prints what happens. */
import { createSocket } from 'node:dgram'
import { ipProtocol } from '../../src/dataplane/raw/ipv4.js'
import { RawSocket } from '../../src/net/raw-socket.js'

const longest = 65_535
const batch = { memory: new Uint8Array(longest), offsets: new Uint32Array(1), lengths: new Uint32Array(1) }
const print = (line: string) => process.stdout.write(`${line}\n`)
process.on('uncaughtException', ({ message }) => print(`uncaught ${message}`))

const listener = new RawSocket(ipProtocol.UDP)
const sender = createSocket('udp4')
const send = () => sender.send('x', 9, '127.0.0.1')
let calls = 0
listener.watch(() => {
  print(`received ${listener.receive(batch, longest)}`)
  if (++calls < 3) {
    send()
  } else {
    listener.close()
    sender.close()
  }
  if (calls === 1) throw new Error('of the listener')
})
send()
