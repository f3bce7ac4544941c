/** Clients that wait, that go away, that do not read; and the socket itself. */
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import t from 'tap'
import { Patience } from '../../../src/ipvs/server/patience.js'
import { serveIpvs } from '../../../src/ipvs/server/server.js'
import { endlessConnections } from '../../lib/endless-connections.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { ManualClock } from '../../lib/manual-clock.js'
import { waitFor } from '../../lib/wait-for.js'
import { routed, web } from '../director/fixture.js'
import { attr, command, DUMP, dest, key, REQUEST, service, text } from './bytes.js'
import { errnoName, ipvsServed, NetlinkClient } from './fixture.js'

const [NEW_SERVICE, NEW_DEST, GET_SERVICE, PROC_READ] = [1, 5, 4, 64]

t.test('the socket is the owner’s alone, and goes with the server', async (t) => {
  const { path, server, director, clock, log } = await ipvsServed(t)
  t.equal(statSync(path).mode & 0o777, 0o600)
  const parts = { director, clock, changed: () => {}, goesDown: () => false }
  await t.rejects(serveIpvs(path, parts, log), { code: 'BUSY' })
  await server.close()
  t.notOk(existsSync(path))
})

t.test('a command that adds a server is answered when the server can take packets', async (t) => {
  const { client, director, nextHops } = await ipvsServed(t)
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'ok')
  const watched = new Promise<void>((resolve) => {
    nextHops.watch = (rip) => {
      nextHops.watched.add(rip)
      resolve()
    }
  })
  let answered = false
  const result = client.result(NEW_DEST, key('192.0.2.10', 80), dest('10.0.0.99', 80)).then((errno) => {
    answered = true
    return errno
  })
  await watched
  await new Promise(setImmediate)
  t.notOk(answered)
  nextHops.set('10.0.0.99', hopTo(99))
  t.equal(await result, 'ok')
  t.match(director.services(web), [{ servers: [{ rip: '10.0.0.99', resolved: true }] }])
})

t.test('what a client has asked for is done, though it does not wait for the answers', async (t) => {
  const { path, director } = await ipvsServed(t)
  const socket = connect(path)
  // Each is there twice, so that there are answers which nobody takes.
  const ports = Array.from({ length: 200 }, (_, i) => 1 + (i >> 1))
  const requests = ports.flatMap((port) => {
    const request = command(NEW_SERVICE, [service('192.0.2.10', port)], { flags: REQUEST })
    return [request, Buffer.alloc(-request.length & 3)]
  })
  await new Promise((resolve) => socket.write(Buffer.concat(requests), resolve))
  socket.destroy()
  await waitFor('all services', () => director.services().length === 100)
})

t.test('who adds one dead server after the other is not held up', async (t) => {
  const { client, clock, director } = await ipvsServed(t)
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'ok')
  let waits = 0
  director.settled = async () => {
    waits++
    await clock.advance(100)
  }
  for (let n = 0; n < 50; n++) {
    t.equal(await client.result(NEW_DEST, key('192.0.2.10', 80), dest(`10.0.1.${n}`, 80)), 'ok')
  }
  t.equal(director.services(web)[0]?.servers.length, 50)
  t.equal(waits, 2)
})

/** Long enough for an answer that waits for nothing. */
async function tick(): Promise<undefined> {
  for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
  return undefined
}

t.test('patience comes back, a tenth of the time', async (t) => {
  const clock = new ManualClock()
  const patience = new Patience(clock)
  let waits = 0
  const wait = async () => {
    waits++
    await clock.advance(100)
  }
  await patience.waitFor(wait)
  await patience.waitFor(wait)
  t.equal(waits, 2, 'what 100 ms brought is enough to begin')
  await patience.waitFor(wait)
  t.equal(waits, 2)
  await clock.advance(900)
  await patience.waitFor(wait)
  t.equal(waits, 3)
  await clock.advance(3_600_000)
  for (let n = 0; n < 9; n++) await patience.waitFor(wait)
  t.equal(waits, 5, 'it does not grow with the hours')
})

t.test('clients that go away in the middle', async (t) => {
  const { path, client, director, log } = await ipvsServed(t)
  for (let i = 0; i < 500; i++) {
    const vip = `10.1.${i >> 8}.${i & 0xff}`
    director.execute({ type: 'add-service', service: { protocol: 'tcp', vip, vport: 80, scheduler: 'rr' } })
  }
  const dump = command(GET_SERVICE, [], { flags: REQUEST | DUMP })
  for (const cut of [1, 15, 16, 20, dump.length]) {
    const other = await NetlinkClient.connect(t, path)
    other.send(dump.subarray(0, cut))
    if (cut === dump.length) await other.next()
    other.socket.destroy()
    await once(other.socket, 'close')
  }
  t.equal((await client.dump(GET_SERVICE)).length, 500)
  t.strictSame(
    log.lines.filter((line) => /^(warn|error)/.test(line)),
    [],
  )
})

t.test('a slow reader of connections is waited for, and may go away', async (t) => {
  const { path, client, director, dataplane } = await ipvsServed(t)
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  dataplane.connect(web, 100)
  const listing = endlessConnections(dataplane)
  const slow = await NetlinkClient.connect(t, path)
  slow.send(command(PROC_READ, [attr(1, text('ip_vs_conn'))]))
  await once(slow.socket, 'readable')
  const limit = 50_000
  let before = -1
  while (listing.listed !== before && listing.listed < limit) {
    before = listing.listed
    t.equal(errnoName((await client.ask(command(16))).at(-1)), 'ok', 'others are answered meanwhile')
    await tick()
  }
  t.ok(listing.listed < limit, `${listing.listed} connections were read ahead`)
  slow.socket.destroy()
  await listing.returned
})
