import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { capConnections } from '../../../src/net/connection-cap.js'
import { ManualClock } from '../../lib/manual-clock.js'
import { MemoryLog } from '../../lib/memory-log.js'

t.test('those beyond the cap are closed, and the log says it once a minute', async (t) => {
  const [log, clock, server] = [new MemoryLog(), new ManualClock(), createServer()]
  capConnections(server, 'x', 2, log, clock)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const open: Socket[] = []
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const client = () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    open.push(socket)
    return socket
  }
  const refused = async () => {
    const socket = client().resume()
    socket.on('error', () => {})
    await once(socket, 'close')
  }
  for (let i = 0; i < 2; i++) await Promise.all([once(client(), 'connect'), once(server, 'connection')])
  await refused()
  await refused()
  const said = { listener: 'x', cap: 2, times: 1 }
  t.strictSame(log.fields, [said])
  await clock.advance(60_000)
  await refused()
  t.strictSame(log.fields, [said, { ...said, times: 2 }])

  open[0]?.destroy()
  const accepted = await new Promise((resolve) => {
    server.once('connection', () => resolve(true))
    server.on('drop', () => client())
    client()
  })
  t.ok(accepted, 'where one has gone, another is accepted')
})

t.test('a connection that cannot be accepted ends nothing', async (t) => {
  const [log, server] = [new MemoryLog(), createServer()]
  capConnections(server, 'x', 2, log, new ManualClock())
  const err = new Error('accept EMFILE')
  for (let i = 0; i < 2; i++) server.emit('error', err)
  t.strictSame(log.fields, [{ listener: 'x', err, times: 1 }])
})
