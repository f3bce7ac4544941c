import t from 'tap'
import { addTraffic } from '../../../src/core/traffic.js'
import type { SchedulePlan } from '../../../src/scheduler/scheduler.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { clientPacketBytes } from '../../lib/memory-dataplane.js'
import { burst, dns, type Fixture, pickable, routed, sendBurst, startedDirector, web } from './fixture.js'

/** A director that installed an rr service with three servers, made a pick and died. */
async function deadDirector(): Promise<Fixture> {
  const fixture = await startedDirector()
  const { director, dataplane, nextHops } = fixture
  for (const n of [11, 12, 13]) nextHops.set(`10.0.0.${n}`, hopTo(n))
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  for (const n of [11, 12, 13]) director.execute({ type: 'add-server', key: web, server: routed(`10.0.0.${n}`) })
  dataplane.connect(web)
  director.stop()
  dataplane.writes.length = 0
  return fixture
}

/** The next process: it knows what the tables say. */
function successor({ dataplane, nextHops }: Fixture): Promise<Fixture> {
  return startedDirector({ dataplane: dataplane.reopen(), nextHops })
}

/** Gives the service another plan behind the director's back. */
function reinstall({ dataplane }: Fixture, plan: SchedulePlan): void {
  const entry = dataplane.service(web)
  if (!entry) throw new Error('the service is gone')
  dataplane.setService({ ...entry, plan })
}

t.test('what is found is adopted and not disturbed', async (t) => {
  const { director, dataplane } = await successor(await deadDirector())
  t.strictSame(dataplane.writes, ['setOwnMacs 02:00:00:00:00:02', 'collect'])
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
  const dead = await deadDirector()
  dead.dataplane.connect(web)
  const { director, dataplane, nextHops } = await successor(dead)
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
  const { director, dataplane, nextHops } = await successor(dead)
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.14') })
  nextHops.set('10.0.0.14', hopTo(14))
  t.match(dataplane.service(web)?.plan, { start: 2 }, '12 is next, now the third in the list')
})

t.test('a way that changed meanwhile is applied at once', async (t) => {
  const dead = await deadDirector()
  dead.nextHops.set('10.0.0.11', hopTo(99))
  dead.dataplane.setNextHop('10.0.0.11', hopTo(11))
  const { dataplane } = await successor(dead)
  t.strictSame(dataplane.writes, ['setOwnMacs 02:00:00:00:00:02', 'setNextHop 10.0.0.11', 'collect'])
  t.strictSame(dataplane.nextHops().get('10.0.0.11'), hopTo(99))
})

t.test('a way in force stays while its neighbour is asked, and goes if there is no answer', async (t) => {
  const dead = await deadDirector()
  dead.nextHops.set('10.0.0.12', 'unresolved')
  dead.dataplane.setNextHop('10.0.0.12', hopTo(12))
  reinstall(dead, { pick: 'sequence', segments: [{ start: 0, servers: [0, 1, 2] }], length: 3, start: 0 })
  const fixture = await successor(dead)
  t.strictSame(pickable(fixture, web), ['10.0.0.13', '10.0.0.12', '10.0.0.11'])
  await fixture.clock.advance(5000)
  t.strictSame(pickable(fixture, web), ['10.0.0.13', '10.0.0.11'])
  t.strictSame(fixture.director.status().unresolved, ['10.0.0.12'])
})

t.test('a plan that picks others than it should is replaced', async (t) => {
  const dead = await deadDirector()
  reinstall(dead, { pick: 'sequence', segments: [], length: 0, start: 0 })
  const fixture = await successor(dead)
  t.strictSame(pickable(fixture, web), ['10.0.0.13', '10.0.0.12', '10.0.0.11'])
})

t.test('totals keep what departed services had', async (t) => {
  const dead = await startedDirector()
  const { nextHops, director } = dead
  nextHops.set('10.0.0.11', hopTo(11))
  for (const service of [web, dns]) director.execute({ type: 'add-service', service: { ...service, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: dns, server: routed('10.0.0.11') })
  sendBurst(dead, dns)
  director.execute({ type: 'delete-service', key: dns })
  const { director: next } = await successor(dead)
  t.strictSame(next.totals(), burst)
})

t.test('traffic of the time before counts in the totals and not in the rates', async (t) => {
  const dead = await deadDirector()
  sendBurst(dead, web)
  const { director, clock } = await successor(dead)
  await clock.advance(2000)
  const traffic = addTraffic(burst, { conns: 1, inPackets: 1, inBytes: clientPacketBytes })
  t.match(director.services()[0], { traffic, rates: { cps: 0, inPps: 0, inBps: 0 } })
  t.strictSame(director.totals(), traffic)
})
