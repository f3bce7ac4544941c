import t from 'tap'
import { frame } from '../lib/packet.js'
import { waitFor } from '../lib/wait-for.js'
import { routed } from './director-expected.js'
import {
  chosen,
  datagram,
  dns,
  forgetRemoved,
  openDirector,
  segment,
  server,
  vip,
  wayTo,
  web,
  webFlow,
} from './director-fixture.js'

const rr = web
const wlc = { ...web, scheduler: 'wlc' }

t.test('a SYN that is sent again goes where the first one went, and is not scheduled twice', async (t) => {
  for (const service of [rr, wlc, { ...web, scheduler: 'wrr' }, { ...web, scheduler: 'lc' }]) {
    const director = openDirector(t)
    director.install(service, [server(3), server(2), server(1)])
    const picks = [1, 1, 1, 2, 2, 1, 3].map((n) => chosen(director.send(segment('S', 5000 + n)).frame))
    t.same(picks, [3, 3, 3, 2, 2, 3, 1], service.scheduler)
    t.same(director.counts(web), { '10.0.0.3': '1/0', '10.0.0.2': '1/0', '10.0.0.1': '1/0' })
    const [counters] = director.dataplane.counters(web)
    t.same(counters?.traffic, { conns: 3, inPackets: 7, inBytes: 7 * 40 })
  }
})

t.test('weight 0: no new connections, the present ones go on', async (t) => {
  const director = openDirector(t)
  director.install(rr, [server(2), server(1)])
  t.equal(chosen(director.send(segment('S', 1)).frame), 2)
  director.install(rr, [server(2, { weight: 0 }), server(1)])
  for (const sport of [2, 3, 4]) t.equal(chosen(director.send(segment('S', sport)).frame), 1)
  t.equal(chosen(director.send(segment('A', 1)).frame), 2)
  t.same(director.counts(web), { '10.0.0.2': '1/0', '10.0.0.1': '3/0' })
})

t.test('a removed server', async (t) => {
  const director = openDirector(t)
  director.install(rr, [server(2), server(1)])
  director.send(segment('S', 1))
  director.send(segment('A', 1))
  const { expires } = director.entry(webFlow(1))
  director.install(rr, [server(1)])

  director.advance(10)
  t.equal(director.send(segment('A', 1)).verdict, 'drop_server_removed')
  t.equal(director.send(segment('S', 1)).verdict, 'drop_server_removed', 'nor is it scheduled again')
  t.equal(director.entry(webFlow(1)).expires, expires, 'and the timer runs on')
  t.equal(chosen(director.send(segment('S', 2)).frame), 1)
  t.equal(director.dataplane.stats().connections.inUse, 2, 'its connections are still in the table')

  director.install(rr, [server(2), server(1)])
  t.equal(chosen(director.send(segment('A', 1)).frame), 2, 'comes back: its connections live again')
  t.same(director.counts(web), { '10.0.0.2': '1/0', '10.0.0.1': '1/0' })
})

t.test('a connection keeps the forwarding method that it began with', async (t) => {
  const director = openDirector(t)
  director.install(rr, [server(1)])
  t.equal(director.send(segment('S', 1)).verdict, 'route_tx')
  director.install(rr, [server(1, { forwarding: 'tunnel' })])
  t.equal(director.send(segment('A', 1)).verdict, 'route_tx')
  t.equal(director.send(segment('S', 2)).verdict, 'tunnel_tx')
  director.install(rr, [server(1)])
  t.equal(director.send(segment('A', 2)).verdict, 'tunnel_tx')
  t.equal(director.send(segment('S', 3)).verdict, 'route_tx')
})

t.test('a service that is removed and made again', async (t) => {
  const director = openDirector(t)
  director.install(rr, [server(2), server(1)])
  for (const sport of [1, 2]) director.send(segment('S', sport))
  director.remove(web)
  t.equal(director.send(segment('A', 1)).verdict, 'drop_server_removed')
  t.equal(director.send(segment('S', 3)).verdict, 'pass_no_service')
  director.dataplane.collect()
  director.advance(5)
  director.dataplane.collect()
  director.install(wlc, [server(1), server(4), server(2)])
  t.equal(chosen(director.send(segment('A', 1)).frame), 2)
  t.equal(chosen(director.send(segment('A', 2)).frame), 1)
  t.same(director.counts(web), { '10.0.0.1': '1/0', '10.0.0.4': '0/0', '10.0.0.2': '1/0' })
  const [counters] = director.dataplane.counters(web)
  t.same(counters?.traffic, { conns: 0, inPackets: 2, inBytes: 80 }, 'a new service counts from 0')
})

t.test(
  'a removed server whose last connection has gone gives up its slot, and one with connections does not',
  async (t) => {
    const director = openDirector(t)
    director.install(rr, [server(2), server(1)])
    for (const sport of [1, 2]) director.send(segment('S', sport))
    director.send(segment('A', 2))
    director.install(rr, [server(3)])
    director.advance(61)
    t.equal(director.object.program('start_sweeper').run().retval, 0)
    await waitFor('the sweeper', () => director.dataplane.stats().connections.expired === 1)
    forgetRemoved(director)
    director.dataplane.setNextHop('10.0.0.4', wayTo(4))
    director.install(rr, [server(4), server(3)])
    t.same(new Set([5, 6].map((sport) => chosen(director.send(segment('S', sport)).frame))), new Set([3, 4]))
    t.equal(director.send(segment('A', 2)).verdict, 'drop_server_removed', "not sent to the server in another's slot")
    director.install(rr, [server(1), server(4), server(3)])
    t.equal(chosen(director.send(segment('A', 2)).frame), 1)
  },
)

t.test('nothing that is done to a service moves an established connection', async (t) => {
  const director = openDirector(t)
  const servers = [server(3), server(2), server(1)]
  director.install(rr, servers)
  const homes = [1, 2, 3, 4, 5, 6].map((sport) => {
    const home = chosen(director.send(segment('S', sport)).frame)
    director.send(segment('A', sport))
    return [sport, home] as const
  })
  for (const change of [
    () => director.install(wlc, servers),
    () =>
      director.install(
        { ...web, scheduler: 'wrr' },
        servers.map((each, i) => ({ ...each, weight: 5 * i })),
      ),
    () => director.install({ ...web, scheduler: 'lc' }, [server(5), ...servers, server(4)]),
    () => director.install(rr, servers.toReversed()),
    () => director.install(dns, servers),
    () => director.remove(dns),
    () => director.restart(),
  ]) {
    change()
    for (const [sport, home] of homes) t.equal(chosen(director.send(segment('PA', sport)).frame), home)
  }
  t.same(director.counts(web), { '10.0.0.1': '2/0', '10.0.0.2': '2/0', '10.0.0.3': '2/0' })
})

t.test('a server whose way is unknown', async (t) => {
  const director = openDirector(t, { ways: 0 })
  director.install(rr, [server(1)])
  t.equal(director.send(segment('S', 1)).verdict, 'drop_unresolved', 'the client shall try again')
  t.same(director.counts(web), { '10.0.0.1': '0/0' }, 'and nothing is kept of it')
  director.dataplane.setNextHop('10.0.0.1', wayTo(1))
  director.install(rr, [server(1)])
  t.equal(director.send(segment('S', 1)).verdict, 'route_tx')
  director.dataplane.setNextHop('10.0.0.1', 'unresolved')
  t.equal(director.send(segment('A', 1)).verdict, 'drop_unresolved', 'lost for a connection')
  const elsewhere = wayTo(9, { ifindex: 3 })
  director.dataplane.setNextHop('10.0.0.1', elsewhere)
  const data = segment('A', 1)
  t.equal(
    director.send(data).frame.toString('hex'),
    routed(data, elsewhere).toString('hex'),
    'found again, with a new MAC',
  )
})

t.test('one of two is unresolved: the other serves', async (t) => {
  const director = openDirector(t, { ways: 1 })
  director.install(rr, [server(2), server(1)])
  for (const sport of [1, 2, 3]) t.equal(chosen(director.send(segment('S', sport)).frame), 1)
})

t.test('a service is its address, protocol and port', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  director.install({ ...web, vport: 443 }, [server(2)])
  director.install(dns, [server(3)])
  director.install({ ...web, vip: '192.0.2.11' }, [server(4)])
  t.equal(chosen(director.send(segment('S')).frame), 1)
  t.equal(chosen(director.send(frame({ tcp: { dport: 443 } })).frame), 2)
  t.equal(chosen(director.send(datagram()).frame), 3)
  t.equal(chosen(director.send(segment('S', 40000, { destination: '192.0.2.11' })).frame), 4)
  for (const [name, data] of [
    ['another port', frame({ tcp: { dport: 81 } })],
    ['UDP to the TCP port', frame({ udp: { dport: 80 } })],
    ['TCP to the UDP port', frame({ tcp: { dport: 53 } })],
    ['another address', segment('S', 40000, { destination: '192.0.2.12' })],
    ['ports the other way round', frame({ tcp: { sport: 80, dport: 40000 } })],
    ['addresses the other way round', segment('S', 40000, { source: vip, destination: '198.51.100.1' })],
  ] as const) {
    t.equal(director.send(data).verdict, 'pass_no_service', name)
  }
})
