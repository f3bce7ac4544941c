import t from 'tap'
import type { SchedulePlan } from '../../../src/scheduler/scheduler.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { dns, type Fixture, pickable, routed, startedDirector, web } from './fixture.js'

/** A director that installed an rr service with three servers, made a pick and died. */
async function deadDirector(): Promise<Fixture> {
  const fixture = await startedDirector()
  const { director, dataplane, nextHops } = fixture
  for (const n of [11, 12, 13]) nextHops.set(`10.0.0.${n}`, hopTo(n))
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  for (const n of [11, 12, 13]) director.execute({ type: 'add-server', key: web, server: routed(`10.0.0.${n}`) })
  dataplane.makePicks(web, 1)
  director.stop()
  dataplane.writes.length = 0
  return fixture
}

/** Gives the service another plan behind the director's back. */
function reinstall({ dataplane }: Fixture, plan: SchedulePlan): void {
  const entry = dataplane.service(web)
  if (!entry) throw new Error('the service is gone')
  dataplane.setService({ ...entry, plan })
}

t.test('what is found is adopted and not disturbed', async (t) => {
  const { dataplane, nextHops } = await deadDirector()
  const { director } = await startedDirector({ dataplane, nextHops })
  t.strictSame(dataplane.writes, ['setOwnMacs 02:00:00:00:00:fe', 'collect'])
  t.match(director.services(), [
    { ...web, scheduler: 'rr', servers: [{ rip: '10.0.0.13' }, { rip: '10.0.0.12' }, { rip: '10.0.0.11' }] },
  ])
  t.ok(director.services()[0]?.servers.every(({ resolved }) => resolved))

  director.execute({ type: 'delete-server', key: web, server: { rip: '10.0.0.13', rport: 80 } })
  t.match(dataplane.service(web), { servers: [{ rip: '10.0.0.12' }, { rip: '10.0.0.11' }], plan: { start: 0 } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.13') })
  t.match(dataplane.service(web)?.plan, { start: 0 }, 'nothing was picked since: from the start of the new list')
})

t.test('rr goes on where the plan found was, after picks that nobody watched', async (t) => {
  const { dataplane, nextHops } = await deadDirector()
  dataplane.makePicks(web, 1)
  const { director } = await startedDirector({ dataplane, nextHops })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.14') })
  nextHops.set('10.0.0.14', hopTo(14))
  t.match(
    dataplane.service(web)?.plan,
    { start: 3 },
    '13 and 12 were picked: 11 is next, the newest comes first in the list',
  )
})

t.test('rr goes on where the plan found was, without a pick since it was installed', async (t) => {
  const dead = await deadDirector()
  const plan = { pick: 'sequence', segments: [{ start: 0, servers: [0, 1, 2] }], length: 3, start: 1 } as const
  reinstall(dead, plan)
  const { director, dataplane, nextHops } = await startedDirector({
    dataplane: dead.dataplane,
    nextHops: dead.nextHops,
  })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.14') })
  nextHops.set('10.0.0.14', hopTo(14))
  t.match(dataplane.service(web)?.plan, { start: 2 }, '12 is next, now the third in the list')
})

t.test('a way that changed meanwhile is applied at once', async (t) => {
  const { dataplane, nextHops } = await deadDirector()
  nextHops.set('10.0.0.11', hopTo(99))
  dataplane.setNextHop('10.0.0.11', hopTo(11))
  dataplane.writes.length = 0
  await startedDirector({ dataplane, nextHops })
  t.strictSame(dataplane.writes, ['setOwnMacs 02:00:00:00:00:fe', 'setNextHop 10.0.0.11', 'collect'])
})

t.test('a way in force stays while its neighbour is asked, and goes if there is no answer', async (t) => {
  const dead = await deadDirector()
  dead.nextHops.set('10.0.0.12', 'unresolved')
  dead.dataplane.setNextHop('10.0.0.12', hopTo(12))
  reinstall(dead, { pick: 'sequence', segments: [{ start: 0, servers: [0, 1, 2] }], length: 3, start: 0 })
  const fixture = await startedDirector({ dataplane: dead.dataplane, nextHops: dead.nextHops })
  t.strictSame(pickable(fixture, web), ['10.0.0.13', '10.0.0.12', '10.0.0.11'])
  await fixture.clock.advance(5000)
  t.strictSame(pickable(fixture, web), ['10.0.0.13', '10.0.0.11'])
  t.strictSame(fixture.director.status().unresolved, ['10.0.0.12'])
})

t.test('a plan that picks others than it should is replaced', async (t) => {
  const dead = await deadDirector()
  reinstall(dead, { pick: 'sequence', segments: [], length: 0, start: 0 })
  const fixture = await startedDirector({ dataplane: dead.dataplane, nextHops: dead.nextHops })
  t.strictSame(pickable(fixture, web), ['10.0.0.13', '10.0.0.12', '10.0.0.11'])
})

t.test('totals keep what departed services had', async (t) => {
  const dead = await startedDirector()
  const { dataplane, nextHops, director } = dead
  for (const service of [web, dns]) director.execute({ type: 'add-service', service: { ...service, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: dns, server: routed('10.0.0.11') })
  const traffic = { conns: 1000, inPackets: 8000, inBytes: 640_000 }
  dataplane.count(dns, routed('10.0.0.11'), { traffic })
  director.execute({ type: 'delete-service', key: dns })
  const { director: next } = await startedDirector({ dataplane, nextHops })
  t.strictSame(next.totals(), traffic)
})

t.test('traffic of the time before counts in the totals and not in the rates', async (t) => {
  const { dataplane, nextHops } = await deadDirector()
  dataplane.count(web, routed('10.0.0.11'), { traffic: { conns: 1000, inPackets: 8000, inBytes: 640_000 } })
  const { director, clock } = await startedDirector({ dataplane, nextHops })
  await clock.advance(2000)
  t.match(director.services()[0], { traffic: { conns: 1000 }, rates: { cps: 0, inPps: 0, inBps: 0 } })
  t.strictSame(director.totals(), { conns: 1000, inPackets: 8000, inBytes: 640_000 })
})
