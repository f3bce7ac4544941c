import t from 'tap'
import { hopTo } from '../../lib/fake-next-hops.js'
import { burst, dns, routed, sendBurst, startedDirector, web } from './fixture.js'

async function counting() {
  const fixture = await startedDirector()
  fixture.nextHops.set('10.0.0.11', hopTo(11))
  for (const key of [web, dns]) {
    fixture.director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
    fixture.director.execute({ type: 'add-server', key, server: routed('10.0.0.11') })
  }
  for (const key of [web, dns]) sendBurst(fixture, key)
  return { ...fixture, server: { rip: '10.0.0.11', rport: 80 } }
}

t.test('rates are those of the estimator in ip_vs_est.c', async (t) => {
  const { director, clock } = await counting()
  const seen = []
  for (let tick = 0; tick < 4; tick++) {
    await clock.advance(2000)
    seen.push(director.services(web)[0]?.rates)
  }
  // 100 connections in 2 s: rate 51200 in 2^-10; avg 12800, then 3/4 of what it was, rounded down.
  // (12800 + 511) >> 10 = 12, 9600 -> 9, 7200 -> 7, 5400 -> 5.
  t.strictSame(
    seen.map((rates) => rates?.cps),
    [12, 9, 7, 5],
  )
  // 1000 packets: avg 128000, 96000, 72000, 54000.
  t.strictSame(
    seen.map((rates) => rates?.inPps),
    [125, 94, 70, 53],
  )
  // 64000 bytes: rate 1024000 in 2^-5; avg 256000, 192000, 144000, 108000.
  t.strictSame(
    seen.map((rates) => rates?.inBps),
    [8000, 6000, 4500, 3375],
  )
})

t.test('rates of servers, zeroed with their service', async (t) => {
  const fixture = await counting()
  const { director, clock } = fixture
  await clock.advance(2000)
  t.match(director.services(web), [{ servers: [{ active: 3, inactive: 97, traffic: burst, rates: { cps: 12 } }] }])
  director.execute({ type: 'zero', key: web })
  t.match(director.services(web), [
    { traffic: { conns: 0 }, rates: { cps: 0 }, servers: [{ active: 3, traffic: { conns: 0 }, rates: { inPps: 0 } }] },
  ])
  t.match(director.services(dns), [{ traffic: burst, rates: { cps: 12 } }], 'the other service counts on')
  sendBurst(fixture, web)
  await clock.advance(2000)
  t.match(director.services(web), [{ rates: { cps: 12 } }], 'from 0 again')
})

t.test('totals keep what departed services had, until everything is zeroed', async (t) => {
  const fixture = await counting()
  const { director } = fixture
  const both = { conns: 200, inPackets: 2000, inBytes: 128_000 }
  t.strictSame(director.totals(), both)
  director.execute({ type: 'delete-service', key: dns })
  t.strictSame(director.totals(), both)
  director.execute({ type: 'zero', key: web })
  t.strictSame(director.totals(), both)
  sendBurst(fixture, web)
  director.execute({ type: 'flush' })
  t.strictSame(director.totals(), { conns: 300, inPackets: 3000, inBytes: 192_000 })
  director.execute({ type: 'zero' })
  t.strictSame(director.totals(), { conns: 0, inPackets: 0, inBytes: 0 })
})

t.test('the counters of a server that comes back do not look like a burst', async (t) => {
  const { director, clock, server } = await counting()
  await clock.advance(2000)
  director.execute({ type: 'delete-server', key: web, server })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  await clock.advance(2000)
  t.match(director.services(web), [{ servers: [{ traffic: burst, rates: { cps: 0 } }] }])
})

t.test('upkeep goes on after a failure, and ends with stop', async (t) => {
  const { director, clock, dataplane, log } = await counting()
  dataplane.writes.length = 0
  dataplane.failNext(new Error('EIO'), 'collect')
  await clock.advance(5000)
  t.equal(log.lines.at(-1), 'warn upkeep failed and will be tried again')
  await clock.advance(5000)
  t.strictSame(dataplane.writes, ['collect'])
  director.stop()
  await clock.advance(60_000)
  t.strictSame(dataplane.writes, ['collect'])
})
