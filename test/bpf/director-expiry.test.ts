import t from 'tap'
import type { BpfDirector } from '../lib/bpf-director.js'
import type { Flow } from '../lib/table-director.js'
import { waitFor } from '../lib/wait-for.js'
import { datagram, dns, dnsFlow, openDirector, segment, server, web, webFlow } from './director-fixture.js'

/** Sends what brings a flow into a state, then looks for it with a segment that starts none. */
interface Life {
  readonly name: string
  readonly flow: Flow
  readonly frames: readonly Buffer[]
  readonly seconds: number
}

const lives: readonly Life[] = [
  { name: 'SYN_RECV', flow: webFlow(1), frames: [segment('S', 1)], seconds: 60 },
  { name: 'ESTABLISHED', flow: webFlow(2), frames: [segment('S', 2), segment('A', 2)], seconds: 900 },
  { name: 'FIN_WAIT', flow: webFlow(3), frames: [segment('S', 3), segment('A', 3), segment('FA', 3)], seconds: 120 },
  { name: 'CLOSE', flow: webFlow(4), frames: [segment('S', 4), segment('A', 4), segment('R', 4)], seconds: 10 },
  { name: 'TIME_WAIT', flow: webFlow(5), frames: [segment('S', 5), segment('F', 5)], seconds: 120 },
  { name: 'UDP', flow: dnsFlow(6), frames: [datagram(6)], seconds: 300 },
]

function serve(director: BpfDirector): void {
  director.install(web, [server(1)])
  director.install(dns, [server(1, { rport: 53 })])
}

/** Connections that the data plane lists. */
async function listed(director: BpfDirector): Promise<string[]> {
  const rows: string[] = []
  for await (const { cport, state, expiresInMs } of director.dataplane.connections()) {
    rows.push(`${cport} ${state} ${Math.round(expiresInMs / 1000)}`)
  }
  return rows.sort()
}

for (const [name, startTick] of [
  ['soon after boot', 1000],
  ['with the tick counter about to wrap', 2 ** 32 - 100],
] as const) {
  t.test(`a connection is there until its time, and not after: ${name}`, async (t) => {
    const director = openDirector(t, { startTick })
    serve(director)
    for (const { name, flow, frames, seconds } of lives) {
      for (const frame of frames) director.send(frame)
      const { expires } = director.entry(flow)
      const ticksLeft = (expires - director.nowTicks()) >>> 0
      t.ok(ticksLeft * 0.067108864 >= seconds && ticksLeft * 0.067108864 < seconds + 0.068, name)
      t.same(await listed(director), [`${flow.cport} ${name} ${seconds}`])
      director.advanceTicks(ticksLeft - 1)
      t.equal((await listed(director)).length, 1, `${name}: listed in its last tick`)
      director.advanceTicks(1)
      t.same(await listed(director), [], `${name}: no longer listed`)
      if (flow.protocol === 'tcp') t.equal(director.send(segment('A', flow.cport)).verdict, 'pass_no_conn', name)
      director.advance(1000)
    }
  })
}

t.test('a packet in the last tick keeps a connection', async (t) => {
  const director = openDirector(t)
  serve(director)
  for (const { name, flow, frames } of lives.filter(({ flow }) => flow.protocol === 'tcp')) {
    for (const frame of frames) director.send(frame)
    director.advanceTicks(director.entry(flow).expires - director.nowTicks() - 1)
    t.equal(director.send(segment('A', flow.cport)).verdict, 'route_tx', name)
  }
})

t.test('a connection that stays in its state is written to in one tick of five, over the wrap, too', async (t) => {
  const timeout = Math.ceil(900e9 / 2 ** 26)
  const director = openDirector(t, { startTick: 2 ** 32 - timeout - 3 })
  serve(director)
  director.send(segment('S', 1))
  const expiries: number[] = []
  for (let tick = 0; tick < 12; tick++) {
    director.send(segment('A', 1))
    expiries.push(director.entry(webFlow(1)).expires)
    director.advanceTicks(1)
  }
  t.same(expiries, [2 ** 32 - 3, 2, 2, 2, 2, 2, 7, 7, 7, 7, 7, 12])
})

t.test('whoever takes an expired slot gives back what it held', async (t) => {
  // One set: 8 slots.
  const director = openDirector(t, { sets: 1 })
  director.install(web, [server(2), server(1)])
  for (let sport = 1; sport <= 8; sport++) director.send(segment('S', sport))
  for (const sport of [2, 4]) director.send(segment('F', sport))
  t.same(director.counts(web), { '10.0.0.2': '4/0', '10.0.0.1': '2/2' })
  director.advance(61)
  for (let sport = 11; sport <= 16; sport++) t.equal(director.send(segment('S', sport)).verdict, 'route_tx')
  t.same(director.counts(web), { '10.0.0.2': '3/0', '10.0.0.1': '3/2' }, 'six of SYN_RECV gave way to six')
  t.equal(director.dataplane.stats().connections.expired, 6)
  director.advance(120)
  director.send(segment('S', 2))
  t.equal(director.dataplane.stats().connections.expired, 7, 'its own old slot')
  t.equal(director.entries(webFlow(2)).length, 1)
  t.match(director.dataplane.stats().connections, { inUse: 8, capacity: 8, evicted: 0 })
})

t.test('the sweeper takes what has expired off the counts, and nothing else', async (t) => {
  const director = openDirector(t, { sets: 256 })
  serve(director)
  const sweeper = director.object.program('start_sweeper')
  t.equal(sweeper.run().retval, 0)
  for (let i = 0; i < 500; i++) director.send(segment('S', 1000 + i))
  for (let i = 0; i < 100; i++) director.send(segment('A', 1000 + i))
  for (let i = 100; i < 130; i++) director.send(segment('F', 1000 + i))
  for (let i = 0; i < 7; i++) director.send(datagram(1000 + i))
  t.same(director.counts(web), { '10.0.0.1': '470/30' })

  const expired = (count: number) =>
    waitFor(`${count} expired`, () => director.dataplane.stats().connections.expired === count)
  director.advance(61)
  await expired(370)
  t.same(director.counts(web), { '10.0.0.1': '100/30' })
  director.advance(60)
  await expired(400)
  t.same(director.counts(web), { '10.0.0.1': '100/0' })
  t.same(director.counts(dns), { '10.0.0.1': '0/7' })
  t.equal(sweeper.run().retval, 0, 'a second start, as the next daemon does')
  director.advance(1000)
  await expired(507)
  t.same(director.counts(web), { '10.0.0.1': '0/0' })
  t.equal(director.occupied, 0)
  t.equal(director.dataplane.stats().connections.inUse, 0)
})
