/** ICMP errors about the director's own tunnels: ip_vs_in_icmp() of ip_vs_core.c. */
import t from 'tap'
import { frame, type IcmpFields, type Ipv4Fields, type PacketSpec, packet } from '../lib/packet.js'
import { pinToCpu } from '../lib/pin-to-cpu.js'
import { cip, dns, dnsFlow, segment, server, vip, wayTo, web } from './director-fixture.js'
import {
  about,
  fromClient,
  fromClientUdp,
  openTunnels,
  outer,
  quoteMax,
  rip,
  sized,
  told,
} from './director-tunnel-fixture.js'

/** Errors that a CPU may send in a tick of 67 ms. */
const perTick = 67
pinToCpu()

t.test("errors are made the client's", async (t) => {
  const director = openTunnels(t)
  const inner = packet(fromClient)
  for (const [icmp, passedOn] of [
    [
      { type: 3, code: 4, rest: 1400 },
      { type: 3, code: 4, rest: 1380 },
    ],
    [
      { type: 3, code: 4, rest: 0xffff_0579 },
      { type: 3, code: 4, rest: 1381 },
    ],
    // Of the path MTU that is kept, 552 to the link's 1500.
    ...(
      [
        [0, 532],
        [552, 532],
        [553, 533],
        [1500, 1480],
        [1501, 1480],
        [0xffff, 1480],
      ] as const
    ).map(
      ([rest, left]) =>
        [
          { type: 3, code: 4, rest },
          { type: 3, code: 4, rest: left },
        ] as const,
    ),
    ...[0, 1, 2, 3, 5, 13, 15].map(
      (code) =>
        [
          { type: 3, code, rest: 7 },
          { type: 3, code, rest: 7 },
        ] as const,
    ),
    [
      { type: 4, code: 0 },
      { type: 4, code: 0 },
    ],
    [
      { type: 11, code: 0 },
      { type: 11, code: 0 },
    ],
    [
      { type: 11, code: 1, rest: 0x01020304 },
      { type: 11, code: 1, rest: 0x01020304 },
    ],
  ] as const) {
    director.dataplane.setNextHop(rip, wayTo(1))
    for (const vlans of [[], [7], [8, 7]]) {
      for (const [outerOptions, options] of [
        [0, 0],
        [40, 0],
        [4, 40],
        [40, 40],
      ] as const) {
        // The least that names the connection, the least that RFC 792 asks for, odd, cut by us, whole.
        for (const length of [24, 28, 301, quoteMax, quoteMax + 1, inner.length]) {
          for (const padding of [0, 5]) {
            director.advanceTicks(1)
            const quote = outer(inner, { options: Buffer.alloc(outerOptions, 1) }).subarray(
              0,
              20 + outerOptions + length,
            )
            const spec = about(quote, icmp, { options: Buffer.alloc(options, 1) }, vlans)
            const sent = director.send(Buffer.concat([frame(spec), Buffer.alloc(padding, 0xee)]))
            const name = `type ${icmp.type} code ${icmp.code}, ${vlans.length} tags, options ${options} and ${outerOptions}, ${length} bytes quoted`
            const expected = told(inner.subarray(0, length), passedOn, vlans)
            if (sent.verdict !== 'icmp_tunnel_error' || !sent.frame.equals(expected)) {
              t.equal(`${sent.verdict} ${sent.frame.toString('hex')}`, expected.toString('hex'), name)
            }
          }
        }
      }
    }
  }
  t.equal(director.send(frame(about(outer(fromClientUdp), { type: 3, code: 1 }))).verdict, 'icmp_tunnel_error', 'UDP')
})

t.test('it is no packet of the connection: neither state, timer nor traffic changes', async (t) => {
  const director = openTunnels(t)
  const before = director.entry(dnsFlow())
  const counters = director.dataplane.counters(dns)
  director.advance(20)
  const data = frame(about(outer(fromClientUdp), { type: 11, code: 0 }))
  t.equal(director.send(data).verdict, 'icmp_tunnel_error')
  t.same(director.entry(dnsFlow()), before)
  t.same(director.dataplane.counters(dns), counters)
})

t.test('a client that lets routers fragment is not told', async (t) => {
  const director = openTunnels(t)
  const quote = outer({ ...fromClient, ip: { ...fromClient.ip, df: false } })
  t.equal(director.send(frame(about(quote))).verdict, 'drop_tunnel_error')
  t.equal(director.send(frame(about(quote, { type: 3, code: 1 }))).verdict, 'icmp_tunnel_error', 'but of other errors')
})

t.test('whatever quoted headers say of their lengths and checksums', async (t) => {
  const director = openTunnels(t)
  const icmp = { type: 3, code: 1 }
  for (const [name, ip] of [
    ['no length', { totalLength: 0 }],
    ['a length less than its header', { totalLength: 19 }],
    ['a length without all of its options', { totalLength: 59, options: Buffer.alloc(40, 1) }],
    ['a length of more than is quoted', { totalLength: 0xffff }],
    ['a wrong checksum', { checksum: 0x1234 }],
  ] as const) {
    for (const [where, outside, inside] of [
      ['outside', ip, {}],
      ['inside', {}, ip],
    ] as const) {
      const inner = packet({ ...fromClient, ip: { ...fromClient.ip, ...inside } })
      const sent = director.send(frame(about(outer(inner, outside), icmp)))
      t.equal(sent.frame.toString('hex'), told(inner, icmp).toString('hex'), `${name}, ${where}`)
    }
  }
})

t.test("not about a tunnel of ours: to the director's own stack", async (t) => {
  const director = openTunnels(t)
  director.install(web, [server(1, { forwarding: 'tunnel' }), server(2)])
  director.send(segment('S', 40002))
  t.equal(director.send(segment('A', 40002)).verdict, 'route_tx', 'a connection by DR')
  const inner = (ip: Ipv4Fields, tcp: PacketSpec['tcp'] = {}) =>
    outer({ ...fromClient, ip: { ...fromClient.ip, ...ip }, tcp: { ...fromClient.tcp, ...tcp } })
  const quote = outer(fromClient)
  for (const [name, spec] of [
    ['to another address than the quoted source', about(quote, {}, { destination: '203.0.113.251' })],
    ['from another tunnel source', about(outer(fromClient, { source: '203.0.113.251' }), {})],
    ['both, but no source of ours', about(outer(fromClient, { source: vip }), {}, { destination: vip })],
    ['to another real server', about(outer(fromClient, { destination: '10.0.0.2' }))],
    [
      'of a connection by DR, its server',
      about(outer({ ...fromClient, tcp: { ...fromClient.tcp, sport: 40002 } }, { destination: '10.0.0.2' })),
    ],
    ['of a connection by DR, another server', about(inner({}, { sport: 40002 }))],
    ['no connection: port of the client', about(inner({}, { sport: 40001 }))],
    ['no connection: client', about(inner({ source: '198.51.100.2' }))],
    ['no connection: VIP', about(inner({ destination: '192.0.2.11' }))],
    ['no connection: reversed', about(inner({ source: vip, destination: cip }, { sport: 80, dport: 40000 }))],
    ['no connection: protocol', about(inner({ protocol: 17 }))],
    ['a later fragment of the tunnel', about(outer(fromClient, { fragmentOffset: 8 }))],
    ['a later fragment inside', about(inner({ fragmentOffset: 8 }))],
    ['no TCP or UDP inside', about(inner({ protocol: 47 }))],
    ['a tunnel inside', about(outer(outer(fromClient)))],
    ['another version inside', about(inner({ version: 6 }))],
    ['a short header inside', about(inner({ ihl: 4 }))],
    ['a query', about(quote, { type: 8 })],
    ['a redirect', about(quote, { type: 5, code: 1 })],
    ['a parameter problem', about(quote, { type: 12 })],
  ] as const) {
    const { icmp = {}, ...rest } = spec
    t.equal(
      director.send(frame({ ...rest, icmp: { type: 3, code: 4, rest: 1400, ...icmp } })).verdict,
      'pass_icmp',
      name,
    )
  }
  t.equal(director.send(frame(about(quote))).verdict, 'icmp_tunnel_error', 'the one that all of these are not')
})

t.test('a server that was removed', async (t) => {
  const director = openTunnels(t)
  const data = frame(about(outer(fromClient)))
  director.install(web, [])
  t.equal(director.send(data).verdict, 'pass_icmp')
  director.install(web, [server(1, { forwarding: 'tunnel' })])
  t.equal(director.send(data).verdict, 'icmp_tunnel_error')
})

t.test('quotes of every length', async (t) => {
  const director = openTunnels(t)
  const wrong: unknown[] = []
  const quote = outer(fromClient)
  const headers = 28
  // All that a quote of several blocks of the sum can leave for its end.
  for (let length = 0; length <= 300; length++) {
    director.advanceTicks(1)
    const expected = length < 20 + 20 + 4 ? 'pass_icmp' : 'icmp_tunnel_error'
    const cut = director.send(frame(about(quote.subarray(0, length)))).verdict
    // The bytes are there, as padding of Ethernet. The sum is over the packet.
    const { icmp } = about(quote)
    const whole = frame(about(quote.subarray(0, length), icmp, {}))
    const padded = director.send(Buffer.concat([whole, quote.subarray(length, 340)])).verdict
    if (cut !== expected || padded !== expected) wrong.push({ length: headers + length, cut, padded, expected })
  }
  t.same(wrong, [])
})

t.test('a wrong checksum', async (t) => {
  const director = openTunnels(t)
  const quote = outer(fromClient)
  const right = frame(about(quote))
  t.equal(
    director.send(frame(about(quote, { type: 3, code: 4, rest: 1400, checksum: 1 }))).verdict,
    'malformed_checksum',
  )
  t.equal(
    director.send(frame(about(quote, { type: 3, code: 4, rest: 1400 }, { checksum: 1 }))).verdict,
    'malformed_checksum',
  )
  const withOptions = frame(about(quote, { type: 3, code: 4, rest: 1400 }, { options: Buffer.alloc(40, 1) }))
  const [optionsAt, payloadAt] = [34, 14 + 20 + 8 + 20 + 20 + 20]
  for (const [data, places] of [
    [right, [15, 39, 70]],
    [withOptions, Array.from({ length: 40 }, (_, i) => optionsAt + i)],
    [right, Array.from({ length: right.length - payloadAt }, (_, i) => payloadAt + i)],
  ] as const) {
    const accepted = places.filter((at) => {
      const damaged = Buffer.from(data)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      return director.send(damaged).verdict !== 'malformed_checksum'
    })
    t.same(accepted, [], 'bytes that can be wrong')
  }
  t.equal(director.send(sized(1480)).verdict, 'tunnel_tx', 'and nothing was learned')
})

t.test('so many errors in a tick, and no more', async (t) => {
  const director = openTunnels(t)
  director.advanceTicks(1)
  const data = frame(about(outer(fromClientUdp), { type: 3, code: 1 }))
  const verdicts = Array.from({ length: perTick + 3 }, () => director.send(data).verdict)
  t.same(verdicts, [...Array(perTick).fill('icmp_tunnel_error'), ...Array(3).fill('drop_tunnel_error')])
})

t.test('but all that path MTU discovery needs (icmpv4_mask_allow()), and nothing is summed for the rest', async (t) => {
  const director = openTunnels(t)
  const tooBig = frame(about(outer(fromClient)))
  const unreachable = (icmp: IcmpFields = {}) => frame(about(outer(fromClientUdp), { type: 3, code: 1, ...icmp }))
  const verdicts = Array.from({ length: perTick + 3 }, () => director.send(tooBig).verdict)
  t.same([...new Set(verdicts)], ['icmp_tunnel_error'])
  t.equal(director.send(unreachable({ checksum: 1 })).verdict, 'malformed_checksum', 'others have their budget still')
  for (let i = 0; i < perTick; i++) director.send(unreachable({ checksum: 1 }))
  t.equal(director.send(unreachable({ checksum: 1 })).verdict, 'drop_tunnel_error', 'no longer')
  t.equal(director.send(tooBig).verdict, 'icmp_tunnel_error')
})
