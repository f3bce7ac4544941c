/** The listing of connections, over the control socket. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import type { Connection } from '../../../src/core/connection.js'
import { endlessConnections } from '../../lib/endless-connections.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { MemoryDataplane } from '../../lib/memory-dataplane.js'
import { type Fixture, routed, web } from '../director/fixture.js'
import { ask, served } from './fixture.js'

/** Makes `web`, and so many clients of it. */
function connectClients({ director, dataplane, nextHops }: Fixture, count: number): void {
  nextHops.set('10.0.0.11', hopTo(11))
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  dataplane.connect(web, count)
}

t.test('connections, many a line', async (t) => {
  const fixture = await served(t, { dataplane: new MemoryDataplane({ sets: 256 }) })
  const { path, dataplane, clock } = fixture
  connectClients(fixture, 1234)
  const all: Connection[] = []
  for await (const connection of dataplane.connections()) all.push(connection)
  t.equal(new Set(all.map(({ cport }) => cport)).size, 1234)
  const answer = await ask(path, { request: 'connections' })
  t.strictSame(answer.pop(), { result: null })
  t.ok(answer.length < 10)
  t.strictSame(
    answer.flatMap((line) => ('connections' in line ? line.connections : [])),
    all,
  )
  await clock.advance(61_000)
  t.strictSame(await ask(path, { request: 'connections' }), [{ result: null }])
})

t.test('a slow reader of connections is waited for, and may go away', async (t) => {
  const fixture = await served(t)
  const { path, dataplane, log } = fixture
  connectClients(fixture, 100)
  const listing = endlessConnections(dataplane)
  const socket = connect(path)
  socket.write('{"request":"connections"}\n')
  await once(socket, 'readable')
  const limit = 20_000
  let before = -1
  while (listing.listed !== before && listing.listed < limit) {
    before = listing.listed
    await ask(path, { request: 'timeouts' })
  }
  t.ok(listing.listed < limit, `${listing.listed} connections were read ahead`)
  socket.destroy()
  await listing.returned
  t.match(await ask(path, { request: 'status' }), [{ result: {} }])
  t.notMatch(log.lines, [/^error/])
})

t.test('a listing that fails half way says so', async (t) => {
  const fixture = await served(t)
  const { path, dataplane, log } = fixture
  connectClients(fixture, 600)
  const list = dataplane.connections.bind(dataplane)
  dataplane.connections = async function* () {
    yield* list()
    throw new Error('EIO')
  }
  const answer = await ask(path, { request: 'connections' })
  t.strictSame(answer.at(-1), { error: { code: 'INTERNAL', message: 'internal error; see the log' } })
  t.ok(answer.length > 1)
  t.equal(log.lines.filter((line) => line === 'error request failed').length, 1)
})
