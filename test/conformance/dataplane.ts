/**
 * What every data plane has to do (dataplane.ts), whatever it is made of. A file of tests for each of them runs this suite.
 */
import t, { type Test } from 'tap'
import type { Connection } from '../../src/core/connection.js'
import type { RealServer } from '../../src/core/real-server.js'
import type { ServiceKey } from '../../src/core/virtual-service.js'
import type { Dataplane, ServiceEntry } from '../../src/dataplane/dataplane.js'
import { cip, datagram, dns, segment, server, vip, wayTo, web } from '../bpf/director-fixture.js'

/** A data plane for tests. */
export interface Subject {
  readonly dataplane: Dataplane
  /** The data plane as another process finds it; the one before is gone. */
  reopen(): Dataplane | Promise<Dataplane>
  /** A packet comes to it, and it has dealt with it when this returns. @param frame with an Ethernet header. */
  receive(frame: Buffer): void
  /** Time passes, for connections. */
  advance(seconds: number): void
}

const [first, second] = [server(1), server(2, { forwarding: 'tunnel', weight: 3 })]

/** In the order of its servers' list, each once. */
function rr(servers: readonly RealServer[], service = web): ServiceEntry {
  const segments = servers.length === 0 ? [] : [{ start: 0, servers: servers.map((_, index) => index) }]
  return { service, servers, plan: { pick: 'sequence', segments, length: servers.length, start: 0 } }
}

function wlc(servers: readonly RealServer[], service = { ...web, scheduler: 'wlc' }): ServiceEntry {
  const entries = servers.map(({ weight }, index) => ({ server: index, weight }))
  return { service, servers, plan: { pick: 'least', entries } }
}

const services = (dataplane: Dataplane) => [...dataplane.services()]
const keyOf = ({ protocol, vip, vport }: ServiceKey): ServiceKey => ({ protocol, vip, vport })

async function connections(dataplane: Dataplane): Promise<Connection[]> {
  const all: Connection[] = []
  for await (const connection of dataplane.connections()) all.push(connection)
  return all
}

/** @param open gives one with nothing in it, to which the ways to servers 1 to 3 are known; it goes with the test. */
export function conformance(open: (t: Test) => Subject | Promise<Subject>): void {
  t.test('a service is what was set last, wholly', async (t) => {
    const { dataplane } = await open(t)
    t.same(services(dataplane), [])
    for (const entry of [
      rr([first]),
      rr([first]),
      rr([second, first]),
      wlc([first, second]),
      wlc([{ ...first, weight: 9 }]),
      rr([]),
    ]) {
      dataplane.setService(entry)
      t.same(services(dataplane), [entry])
    }
    const other = rr([first], dns)
    dataplane.setService(other)
    t.same(services(dataplane), [rr([]), other], 'others stay')
  })

  t.test('a service that is removed', async (t) => {
    const { dataplane } = await open(t)
    dataplane.setService(rr([first]))
    dataplane.removeService(web)
    dataplane.removeService(web)
    t.same(services(dataplane), [], 'once and for all: absent is no error')
    t.same([...dataplane.counters(web)], [])
  })

  t.test('another process finds everything', async (t) => {
    const subject = await open(t)
    const [lists, ways] = [
      [rr([second, first]), wlc([server(3)], { ...dns, scheduler: 'lc' })],
      subject.dataplane.nextHops(),
    ]
    for (const entry of lists) subject.dataplane.setService(entry)
    subject.dataplane.setTimeouts({ tcpS: 7, tcpFinS: 8, udpS: 9 })
    subject.dataplane.setDeparted({ conns: 1, inPackets: 2, inBytes: 3 })
    subject.receive(segment('S'))
    const counters = [...subject.dataplane.counters()]
    const found = await subject.reopen()
    t.same(new Set(services(found)), new Set(lists))
    t.same(new Map(found.nextHops()), new Map(ways))
    t.same(found.timeouts(), { tcpS: 7, tcpFinS: 8, udpS: 9 })
    t.same(found.departed(), { conns: 1, inPackets: 2, inBytes: 3 })
    t.equal(found.picks(web), 1)
    t.same(new Set(found.counters()), new Set(counters))
  })

  t.test('packets are counted, for their server and its service', async (t) => {
    const { dataplane, receive } = await open(t)
    const nothing = { conns: 0, inPackets: 0, inBytes: 0 }
    dataplane.setService(rr([second, first]))
    dataplane.setService(rr([first], dns))
    const row = (traffic: object, ...servers: object[]) => ({ key: keyOf(web), traffic, servers })
    t.match(
      [...dataplane.counters(web)],
      [row(nothing, { rip: second.rip, rport: 80, active: 0, inactive: 0, traffic: nothing }, { traffic: nothing })],
    )
    receive(segment('S', 1))
    receive(segment('S', 2))
    receive(segment('A', 2))
    const one = { conns: 1, inPackets: 1, inBytes: 40 }
    const two = { conns: 1, inPackets: 2, inBytes: 80 }
    const all = { conns: 2, inPackets: 3, inBytes: 120 }
    const servers = [
      { active: 1, inactive: 0, traffic: one },
      { active: 1, inactive: 0, traffic: two },
    ]
    t.match([...dataplane.counters(web)], [row(all, ...servers)])
    t.match(dataplane.moved(), [{ key: keyOf(web), traffic: all }])
    t.same(dataplane.moved(), [])
    dataplane.zero(web)
    t.match(
      [...dataplane.counters(web)],
      [row(nothing, { active: 1, traffic: nothing }, { active: 1, traffic: nothing })],
    )
    receive(datagram())
    t.match([...dataplane.counters(dns)], [{ servers: [{ active: 0, inactive: 1 }] }])
    t.same([...dataplane.counters()].length, 2)
  })

  t.test('a service that comes back counts from 0', async (t) => {
    const { dataplane, receive } = await open(t)
    dataplane.setService(rr([first]))
    dataplane.moved()
    receive(segment('S'))
    dataplane.removeService(web)
    dataplane.setService(rr([first]))
    t.same(dataplane.moved(), [], 'what went to its predecessor is not its own')
    receive(segment('A'))
    t.match(dataplane.moved(), [{ traffic: { conns: 0, inPackets: 1 } }])
    t.match([...dataplane.counters(web)], [{ traffic: { conns: 0, inPackets: 1 } }])
  })

  t.test('connections are listed, and kept by the server that has them', async (t) => {
    const { dataplane, receive, advance } = await open(t)
    dataplane.setService(rr([first]))
    receive(segment('S', 1000))
    receive(segment('A', 1000))
    const connection = {
      protocol: 'tcp',
      state: 'ESTABLISHED',
      cip,
      cport: 1000,
      vip,
      vport: 80,
      rip: first.rip,
      rport: 80,
    }
    const [listed, ...others] = await connections(dataplane)
    t.match(listed, connection)
    t.same(others, [])
    t.ok((listed?.expiresInMs ?? 0) > 899_000 && (listed?.expiresInMs ?? 0) < 901_000)
    dataplane.setService(rr([second]))
    receive(segment('A', 1000))
    t.match(await connections(dataplane), [connection], 'it is moved to no other')
    t.match([...dataplane.counters(web)], [{ servers: [{ rip: second.rip, active: 0, traffic: { inPackets: 0 } }] }])
    dataplane.setService(rr([first, second]))
    receive(segment('A', 1000))
    t.match(
      [...dataplane.counters(web)],
      [{ servers: [{ active: 1, traffic: { inPackets: 3 } }, {}] }],
      'and waits for its own',
    )
    advance(901)
    t.same(await connections(dataplane), [])
  })

  t.test('what does not find room changes nothing', async (t) => {
    const { dataplane } = await open(t)
    const before = rr([first])
    dataplane.setService(before)
    const tooMany = Array.from({ length: 65_537 }, (_, i) => server(1 + (i >> 15), { rport: 1 + (i & 0x7fff) }))
    t.throws(() => dataplane.setService(rr(tooMany)), { code: 'NO_SPACE' })
    t.throws(() => dataplane.setService(rr(tooMany, dns)), { code: 'NO_SPACE' })
    t.same(services(dataplane), [before])
    const many = rr(tooMany.slice(0, 60_000), dns)
    dataplane.setService(many)
    t.same(services(dataplane)[1]?.servers.length, 60_000, 'the room that they had taken is free again')
  })

  t.test('ways belong to addresses, and go with their last user', async (t) => {
    const { dataplane } = await open(t)
    dataplane.setService(rr([first]))
    dataplane.setNextHop('10.0.0.9', 'unresolved')
    dataplane.setNextHop(first.rip, wayTo(1, { mtu: 1400 }))
    dataplane.collect()
    t.same(new Map(dataplane.nextHops()), new Map([[first.rip, wayTo(1, { mtu: 1400 })]]))
    dataplane.setNextHop(first.rip, 'local')
    t.equal(dataplane.nextHops().get(first.rip), 'local')
  })
}
