/** The path MTU that is learned from ICMP errors about tunnels (RFC 1191, net/ipv4/route.c). */
import t from 'tap'
import { frame } from '../lib/packet.js'
import { l2Length, tunnelled } from './director-expected.js'
import { openDirector, segment, server, wayTo, web } from './director-fixture.js'
import { about, fromClient, openTunnels, outer, rip, sized } from './director-tunnel-fixture.js'

const lifetimeSeconds = 600
/** The next-hop MTU in an ICMP error. */
const mtuAt = 14 + 20 + 6

t.test('the path MTU holds for all clients of the server, for ten minutes', async (t) => {
  const director = openTunnels(t)
  const learn = (rest: number) => {
    director.advanceTicks(1)
    const { verdict, frame: out } = director.send(frame(about(outer(fromClient), { type: 3, code: 4, rest })))
    t.equal(verdict, 'icmp_tunnel_error')
    return out.readUInt16BE(mtuAt)
  }
  /** The largest packet of the client that passes, as the director says itself. */
  const largest = () => {
    director.advanceTicks(1)
    director.send(segment('S', 41000))
    const data = frame({ ip: { df: true }, tcp: { flags: 'A', sport: 41000 }, payload: Buffer.alloc(1441) })
    const { verdict, frame: out } = director.send(data)
    t.equal(verdict, 'icmp_frag_needed')
    return out.readUInt16BE(mtuAt)
  }
  t.equal(largest(), 1480)
  t.equal(learn(1400), 1380)
  t.equal(largest(), 1380)
  for (const [length, verdict] of [
    [1380, 'tunnel_tx'],
    [1381, 'icmp_frag_needed'],
  ] as const) {
    t.equal(director.send(sized(length)).verdict, verdict, `${length} bytes`)
    t.equal(
      director.send(sized(length, { df: false })).verdict,
      'tunnel_tx',
      `${length} bytes, for routers to fragment`,
    )
  }
  t.equal(learn(1450), 1380, 'the client is told what is kept')
  t.equal(largest(), 1380, 'it goes down only')
  director.restart()
  t.equal(largest(), 1380, 'it outlives the daemon')
  director.advance(lifetimeSeconds - 10)
  t.equal(largest(), 1380)
  director.advance(20)
  t.equal(largest(), 1480, 'forgotten')

  t.equal(learn(1450), 1430)
  t.equal(largest(), 1430, 'then it may be larger')
  t.equal(learn(1500), 1430)
  t.equal(largest(), 1430)
  for (const mtu of [300, 88, 0]) {
    director.dataplane.setNextHop(rip, wayTo(1))
    t.equal(largest(), 1480, 'a new way')
    t.equal(learn(mtu), 552 - 20, `${mtu}: not so little (ip_rt_min_pmtu)`)
    t.equal(largest(), 552 - 20, `${mtu}: nor for everybody`)
  }
  for (const [link, told] of [
    [400, 380],
    [89, 69],
    [88, 88],
  ] as const) {
    director.dataplane.setNextHop(rip, wayTo(1, { mtu: link }))
    t.equal(learn(1400), told, `a link of ${link} bytes`)
  }
})

t.test('it is learned as well when the error goes no further', async (t) => {
  const director = openTunnels(t)
  director.send(frame(about(outer({ ...fromClient, ip: { ...fromClient.ip, df: false } }))))
  t.equal(director.send(sized(1381)).verdict, 'icmp_frag_needed')
})

t.test('at every time', async (t) => {
  for (const startTick of [1, 0xffff * 16 - 100, 2 ** 31 - 100, 2 ** 32 - 100]) {
    const director = openDirector(t, { startTick })
    director.install(web, [server(1, { forwarding: 'tunnel' })])
    director.send(segment('S'))
    director.send(frame(about(outer(fromClient))))
    for (const [seconds, verdict] of [
      [300, 'icmp_frag_needed'],
      [290, 'icmp_frag_needed'],
      [20, 'tunnel_tx'],
      [3600, 'tunnel_tx'],
    ] as const) {
      director.advance(seconds)
      director.send(segment('S'))
      t.equal(director.send(sized(1400)).verdict, verdict, `from tick ${startTick}, ${seconds} s later`)
    }
  }
})

t.test('servers by DR know no path MTU', async (t) => {
  const director = openTunnels(t)
  director.send(frame(about(outer(fromClient))))
  director.install(web, [server(1)])
  director.send(segment('S', 42000))
  const data = frame({ ip: { df: true }, tcp: { flags: 'A', sport: 42000 }, payload: Buffer.alloc(1460) })
  t.equal(director.send(data).verdict, 'route_tx', 'routers tell the client themselves')
  const whole = director.send(sized(1380))
  t.equal(
    whole.frame.toString('hex'),
    tunnelled(sized(1380), wayTo(1), rip, whole.frame.readUInt16BE(l2Length({}) + 4)).toString('hex'),
  )
})
