import t from 'tap'
import { xdpActions } from '../../src/bpf/index.js'
import { seededRandom } from '../lib/random.js'
import { waitFor } from '../lib/wait-for.js'
import { datagram, dns, openDirector, segment, server, vip, web } from './director-fixture.js'
import { type ClientFlow, FlowFrame, randomFlows } from './director-flows.js'

const frames = new FlowFrame()

/** What the test knows of a connection. */
interface Known extends ClientFlow {
  /** Server by number. */
  readonly home: number
  state: 'S' | 'A' | 'F' | 'R'
}

t.test('200,000 random flows, in a table up to half full', async (t) => {
  const servers = [5, 4, 3, 2, 1]
  const [rounds, flowsPerRound, sets] = [4, 50_000, 32_768]
  const director = openDirector(t, { sets })
  director.install(
    web,
    servers.map((n) => server(n)),
  )
  t.equal(director.object.program('start_sweeper').run().retval, 0)
  const random = seededRandom(42)
  const flows = randomFlows(random)[Symbol.iterator]()
  let live: Known[] = []
  let [created, expired, lost] = [0, 0, 0]

  /** Sends, and gives the server's number; 0 if it was not forwarded. */
  const send = (flow: ClientFlow, flags: Known['state']) => {
    const { retval, data } = director.run(frames.of(flow, flags))
    return retval === xdpActions.tx ? data.readUInt8(5) : 0
  }
  const expected = () => {
    const counts = new Map(servers.map((n) => [n, [0, 0] as [number, number]]))
    for (const { home, state } of live) {
      const row = counts.get(home)
      if (row) row[state === 'S' || state === 'A' ? 0 : 1]++
    }
    return Object.fromEntries([...counts].map(([n, [active, inactive]]) => [`10.0.0.${n}`, `${active}/${inactive}`]))
  }
  const stats = () => director.dataplane.stats().connections

  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < flowsPerRound; i++) {
      const flow = flows.next().value as ClientFlow
      const home = servers[created++ % servers.length] ?? 0
      if (send(flow, 'S') !== home) lost++
      const known: Known = { ...flow, home, state: 'S' }
      live.push(known)
      if (random() < 0.6) {
        if (send(known, 'A') !== home) lost++
        known.state = 'A'
      }
      const end = random()
      if (known.state === 'A' && end < 0.3) {
        known.state = end < 0.2 ? 'F' : 'R'
        if (send(known, known.state) !== home) lost++
      }
    }
    t.equal(lost, 0, `round ${round}: every packet went to its flow's server`)
    t.same(director.counts(web), expected(), `round ${round}: counts`)
    t.match(stats(), { inUse: live.length, expired, evicted: 0 })
    t.match(director.tally(), { occupied: live.length, distinct: live.length })

    // Half-open and ended ones time out; established ones have 900 s.
    director.advance(130)
    const left = live.filter(({ state }) => state === 'A')
    expired += live.length - left.length
    live = left
    await waitFor('the sweeper', () => stats().expired === expired)
    t.same(director.counts(web), expected(), `round ${round}: counts after the sweep`)
  }
  t.ok(live.length > 80_000, `${live.length} established`)
  t.ok(live.length + flowsPerRound < (sets * 8) / 2 + 10_000)
  t.equal(live.filter((flow) => send(flow, 'A') !== flow.home).length, 0, 'every flow is found again at its server')
  t.equal(director.dataplane.picks(web), created)
})

t.test('a table far too small: half-open connections give way, assured ones never', async (t) => {
  // 64 slots.
  const director = openDirector(t, { sets: 8 })
  director.install(web, [server(2), server(1)])
  const flows = randomFlows(seededRandom(3))[Symbol.iterator]()
  const next = () => flows.next().value as ClientFlow
  const established: ClientFlow[] = []
  const check = (name: string) => {
    const { occupied, distinct, held } = director.tally()
    t.equal(distinct, occupied, `${name}: no tuple twice`)
    for (const [slot, counts] of held) t.same(director.serverCounts(slot), counts, `${name}: counts`)
    t.equal(director.dataplane.stats().connections.inUse, occupied, name)
    for (const flow of established) {
      if (director.run(frames.of(flow, 'A')).retval !== xdpActions.tx) t.fail(`${name}: an established one is gone`)
    }
    return occupied
  }

  for (let i = 0; i < 1000; i++) director.run(frames.of(next(), 'S'))
  const { evicted, inUse } = director.dataplane.stats().connections
  t.equal(evicted + inUse, 1000, 'each SYN found a place')
  t.ok(check('a flood') > 60)

  for (let i = 0; i < 3000 && established.length < 64; i++) {
    const flow = next()
    if (director.run(frames.of(flow, 'S')).retval !== xdpActions.tx) continue
    for (const flags of ['A', 'A'] as const) t.equal(director.send(frames.of(flow, flags)).verdict, 'route_tx')
    established.push(flow)
  }
  t.equal(check('full'), 64)
  t.equal(established.length, 64)

  const before = director.dataplane.stats().connections
  const picks = director.dataplane.picks(web)
  for (let i = 0; i < 100; i++) t.equal(director.send(frames.of(next(), 'S')).verdict, 'drop_table_full')
  t.same(director.dataplane.stats().connections, before)
  t.equal(director.dataplane.picks(web), picks + 100, 'picks that found no place are made all the same, as in IPVS')
  check('full of established ones')

  director.run(frames.of(established.pop() ?? next(), 'R'))
  const states = Array.from({ length: 200 }, () => director.send(frames.of(next(), 'S')).verdict)
  t.same(new Set(states), new Set(['drop_table_full']), 'an ended one keeps its slot until it expires')
  director.advance(11)
  const placed = Array.from({ length: 200 }, () => director.send(frames.of(next(), 'S')).verdict)
  t.ok(placed.includes('route_tx'), 'then it is free')
  check('after an end')
})

t.test('a flood of SYNs takes nothing from UDP that goes on', async (t) => {
  const director = openDirector(t, { sets: 2 })
  director.install(dns, [server(1, { rport: 53 })])
  for (let sport = 1; sport <= 4; sport++) for (const _ of ['first', 'second']) director.send(datagram(sport))
  director.install(web, [server(1)])
  for (let sport = 1000; sport < 1500; sport++) director.send(segment('S', sport))
  t.same(director.counts(dns), { '10.0.0.1': '0/4' })
  for (let sport = 1; sport <= 4; sport++) {
    const flow = { protocol: 'udp', cip: '198.51.100.1', cport: sport, vip, vport: 53 } as const
    t.equal(director.entry(flow).state, 'UDP')
  }
})
