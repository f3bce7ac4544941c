import t from 'tap'
import { hopTo } from '../../lib/fake-next-hops.js'
import { frame } from '../../lib/packet.js'
import { dns, pickable, routed, startedDirector, web } from './fixture.js'

t.test('a server is picked while its next hop is known', async (t) => {
  const fixture = await startedDirector()
  const { director, dataplane, nextHops } = fixture
  for (const key of [web, dns]) {
    director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
    director.execute({ type: 'add-server', key, server: routed('10.0.0.11') })
  }
  t.strictSame(pickable(fixture, web), [])
  t.strictSame(director.status().unresolved, ['10.0.0.11'])
  t.match(director.services(web), [{ servers: [{ resolved: false, reached: 'route' }] }])

  nextHops.set('10.0.0.11', hopTo(11))
  t.strictSame(pickable(fixture, web), ['10.0.0.11'])
  t.strictSame(pickable(fixture, dns), ['10.0.0.11'], 'in every service that has it')
  t.strictSame(director.status().unresolved, [])
  t.match(director.services(web), [{ servers: [{ resolved: true, reached: 'route' }] }])

  nextHops.set('10.0.0.11', 'unresolved')
  t.strictSame(pickable(fixture, web), [])
  t.equal(dataplane.nextHops().get('10.0.0.11'), 'unresolved')
})

t.test("the data plane is told which frames are the director's", async (t) => {
  const { dataplane, nextHops } = await startedDirector()
  const verdictFor = (destination: string) => dataplane.receive(frame({ ethernet: { destination }, tcp: {} })).verdict
  for (const mac of nextHops.ownMacs) t.equal(verdictFor(mac), 'pass_no_service')
  t.equal(verdictFor(hopTo(11).destinationMac), 'pass_other_host')
})

t.test('a new MAC address is written without touching a plan', async (t) => {
  const { director, dataplane, nextHops } = await startedDirector()
  nextHops.set('10.0.0.11', hopTo(11))
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  dataplane.writes.length = 0
  nextHops.set('10.0.0.11', hopTo(12))
  nextHops.set('10.0.0.11', hopTo(12))
  t.strictSame(dataplane.writes, ['setNextHop 10.0.0.11'])
  t.strictSame(dataplane.nextHops().get('10.0.0.11'), hopTo(12))
})

t.test("an address of the director's own is served locally", async (t) => {
  const fixture = await startedDirector()
  fixture.nextHops.set('10.0.0.1', 'local')
  fixture.director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  fixture.director.execute({ type: 'add-server', key: web, server: routed('10.0.0.1') })
  t.strictSame(pickable(fixture, web), ['10.0.0.1'])
  t.match(fixture.director.services(), [{ servers: [{ reached: 'local', forwarding: 'route', resolved: true }] }])
})

t.test('ways are written before the plans that depend on them', async (t) => {
  const { director, dataplane, nextHops } = await startedDirector()
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  dataplane.writes.length = 0
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  nextHops.set('10.0.0.11', hopTo(11))
  nextHops.set('10.0.0.11', 'unresolved')
  const wayThenPlan = ['setNextHop 10.0.0.11', 'setService tcp 192.0.2.10:80']
  t.strictSame(dataplane.writes, [...wayThenPlan, ...wayThenPlan, ...wayThenPlan])
})

t.test('an address that comes back is not taken for resolved', async (t) => {
  const fixture = await startedDirector()
  const { director, dataplane, nextHops } = fixture
  nextHops.set('10.0.0.11', hopTo(11))
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  director.execute({ type: 'delete-server', key: web, server: { rip: '10.0.0.11', rport: 80 } })
  nextHops.set('10.0.0.11', 'unresolved')
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  t.equal(dataplane.nextHops().get('10.0.0.11'), 'unresolved')
  t.strictSame(pickable(fixture, web), [])
})

t.test('an address is watched while a service has it', async (t) => {
  const { director, nextHops } = await startedDirector()
  for (const key of [web, dns]) {
    director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
    director.execute({ type: 'add-server', key, server: routed('10.0.0.11') })
  }
  director.execute({ type: 'delete-service', key: web })
  t.ok(nextHops.watched.has('10.0.0.11'))
  director.execute({ type: 'delete-server', key: dns, server: { rip: '10.0.0.11', rport: 80 } })
  t.notOk(nextHops.watched.has('10.0.0.11'))
})

t.test('a next hop that could not be written is written later', async (t) => {
  const fixture = await startedDirector()
  const { director, dataplane, nextHops, clock, log } = fixture
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  for (const write of ['setNextHop', 'setService'] as const) {
    nextHops.set('10.0.0.11', 'unresolved')
    dataplane.failNext(new Error('EIO'), write)
    nextHops.set('10.0.0.11', hopTo(11))
    t.strictSame(pickable(fixture, web), [])
    t.equal(log.lines.at(-1), 'warn next hop could not be applied and will be retried')
    await clock.advance(5000)
    t.strictSame(pickable(fixture, web), ['10.0.0.11'])
  }
})
