/** What one service may have of a connection table that is nearly full. */
import t from 'tap'
import { type ServiceKey, serviceKeyText } from '../../../src/core/virtual-service.js'
import { datagram, dns, segment, server, wayTo, web, webFlow } from '../../bpf/director-fixture.js'
import { ModuleDirector } from '../../lib/module-director.js'

const sets = 8
const slots = 8 * sets
/** Assured connections from which on the table is nearly full. */
const nearlyFull = 43
const key = ({ protocol, vip, vport }: ServiceKey): ServiceKey => ({ protocol, vip, vport })

function openDirector(percent: number): ModuleDirector {
  const director = new ModuleDirector({ sets })
  for (const n of [1, 2]) director.dataplane.setNextHop(`10.0.0.${n}`, wayTo(n))
  director.dataplane.setServiceShare(percent)
  director.install(web, [server(1)])
  director.install(dns, [server(2)])
  return director
}

const connections = ({ dataplane }: ModuleDirector) => dataplane.stats().connections

/** Sends it, and then tells packets how many connections are assured, as the sweeper does. */
function send(director: ModuleDirector, frame: Buffer): string {
  const { verdict } = director.send(frame)
  director.advanceTicks(0)
  return verdict
}

/** A connection that the client has gone on with. @returns what became of its SYN. */
function establish(director: ModuleDirector, sport: number): string {
  const verdict = send(director, segment('S', sport))
  if (verdict === 'route_tx') for (const _ of ['handshake', 'request']) send(director, segment('A', sport))
  return verdict
}

/** Connections until the table is nearly full. @returns how many there were. */
function fill(director: ModuleDirector): number {
  let made = 0
  while (!connections(director).nearlyFull) if (establish(director, 1000 + made) === 'route_tx') made++
  return made
}

t.test('what has its share gets no more, and others do', async (t) => {
  const director = openDirector(25)
  t.equal(fill(director), nearlyFull)
  const full = { inUse: nearlyFull, assured: nearlyFull, capacity: slots, shareLimit: slots / 4, evicted: 0 }
  t.match(connections(director), full)
  t.same(connections(director).largest, { service: key(web), assured: nearlyFull })
  for (let sport = 101; sport <= 120; sport++) t.equal(establish(director, sport), 'drop_share')
  t.match(connections(director), full)
  for (let sport = 101; sport <= 112; sport++) t.equal(send(director, datagram(sport)), 'route_tx')
  t.equal(connections(director).inUse, nearlyFull + 12)
  t.equal(director.occupied, nearlyFull + 12)
  for (let i = 0; i < nearlyFull; i++) t.equal(send(director, segment('A', 1000 + i)), 'route_tx', 'established')
})

t.test('within the share connections that are not assured give way, and none becomes assured', async (t) => {
  const director = openDirector(25)
  for (let sport = 101; sport <= 104; sport++) send(director, segment('S', sport))
  for (let sport = 101; sport <= 104; sport++) send(director, datagram(sport))
  fill(director)
  director.advanceTicks(1)
  let made = 0
  for (let sport = 3000; sport < 3400; sport++) if (establish(director, sport) === 'route_tx') made++
  t.ok(made > 100, `${made} of 400 came to one of 4 slots`)
  t.match(connections(director), { inUse: nearlyFull + 8, evicted: made, assured: nearlyFull })
  t.equal(director.counts(dns)['10.0.0.2'], '0/4', 'none of another service gave way')
  const assured = establish(director, 3399) === 'route_tx' && director.entry(webFlow(3399)).assured
  t.notOk(assured)
})

t.test('a table that has room is for all, and so is one without shares', async (t) => {
  const one = openDirector(1)
  t.equal(fill(one), nearlyFull)
  const all = openDirector(100)
  fill(all)
  const verdicts = Array.from({ length: 500 }, (_, i) => establish(all, 5000 + i))
  t.same(new Set(verdicts), new Set(['route_tx', 'drop_table_full']))
  t.match(connections(all), { inUse: slots, assured: slots })
  t.notHas(connections(all), { shareLimit: 0 })
})

t.test('a service that comes back, and a daemon, find what it had', async (t) => {
  const director = openDirector(25)
  fill(director)
  director.remove(web)
  t.same(
    connections(director).largest,
    { service: key(web), assured: nearlyFull },
    'it is removed, and its connections are there',
  )
  director.install(web, [server(2)])
  t.equal(establish(director, 101), 'drop_share')
  director.restart()
  director.dataplane.setServiceShare(25)
  director.install(web, [server(2), server(1)])
  t.equal(establish(director, 101), 'drop_share')
  t.same(connections(director).largest, { service: key(web), assured: nearlyFull })
})

t.test('one service has nobody to leave room for', async (t) => {
  const director = openDirector(25)
  director.remove(dns)
  fill(director)
  const verdicts = Array.from({ length: 500 }, (_, i) => establish(director, 5000 + i))
  t.same(new Set(verdicts), new Set(['route_tx', 'drop_table_full']))
  t.equal(connections(director).assured, slots)
})

t.test('a share that nobody has any more is free', async (t) => {
  const director = openDirector(25)
  fill(director)
  director.remove(web)
  director.advance(1000)
  director.module.sweep(1)
  director.dataplane.collect()
  director.advance(150)
  director.dataplane.collect()
  t.notHas(connections(director), { largest: {} })
  for (let n = 101; n <= 130; n++) {
    const service = { ...web, vport: n }
    director.install(service, [server(1)])
    for (const _ of ['first', 'second']) t.equal(send(director, datagram(n)), 'route_tx')
    t.equal(serviceKeyText(connections(director).largest?.service ?? service), serviceKeyText(dns))
  }
})
