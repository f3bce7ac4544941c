/** ICMP errors that come in about what a real server sent in the name of the VIP: ip_vs_in_icmp() of ip_vs_core.c. */
import t from 'tap'
import { type FrameSpec, frame, type Ipv4Fields, type PacketSpec, packet } from '../lib/packet.js'
import { l2Length, routed, tunnelled } from './director-expected.js'
import {
  chosen,
  cip,
  datagram,
  dns,
  dnsFlow,
  openDirector,
  segment,
  server,
  vip,
  wayTo,
  web,
  webFlow,
} from './director-fixture.js'

/** A router between VIP and client that reports. */
const router = '203.0.113.1'
/** Header and 8 bytes: the least that is quoted (RFC 792). */
const leastQuote = 28

/** What the real server sent to the client. */
const reply: PacketSpec = {
  ip: { source: vip, destination: cip },
  tcp: { sport: 80, dport: 40000, flags: 'A' },
  payload: 'body',
}
const replyUdp: PacketSpec = {
  ip: { source: vip, destination: cip },
  udp: { sport: 53, dport: 40000 },
  payload: 'answer',
}

function about(
  quote: Uint8Array,
  icmp: FrameSpec['icmp'] = { type: 3, code: 1 },
  ip: Ipv4Fields = {},
  vlans: readonly number[] = [],
): FrameSpec {
  return { vlans, ip: { source: router, ...ip }, icmp, payload: quote }
}

const director = openDirector(t)
director.install(web, [server(1)])
director.install(dns, [server(1, { rport: 53, forwarding: 'tunnel' })])
director.send(segment('S'))
director.send(segment('A'))
director.send(datagram())

t.test('an error about a connection goes to its server', async (t) => {
  for (const icmp of [
    { type: 3, code: 0 },
    { type: 3, code: 4, rest: 1400 },
    { type: 4, code: 0 },
    { type: 11, code: 0 },
    { type: 11, code: 1 },
  ]) {
    for (const vlans of [[], [7], [8, 7]]) {
      for (const length of [leastQuote, packet(reply).length]) {
        const spec = about(packet(reply).subarray(0, length), icmp, {}, vlans)
        const data = frame(spec)
        const sent = director.send(data)
        const name = `type ${icmp.type} code ${icmp.code}, ${vlans.length} tags, ${length} bytes quoted`
        t.equal(sent.verdict, 'route_tx', name)
        t.equal(sent.frame.toString('hex'), routed(data, wayTo(1), l2Length(spec)).toString('hex'), name)
        const specUdp = about(packet(replyUdp).subarray(0, leastQuote), icmp, {}, vlans)
        const dataUdp = frame(specUdp)
        const tunnel = director.send(dataUdp)
        t.equal(tunnel.verdict, 'tunnel_tx', name)
        const id = tunnel.frame.readUInt16BE(l2Length(spec) + 4)
        t.equal(
          tunnel.frame.toString('hex'),
          tunnelled(dataUdp, wayTo(1), '10.0.0.1', id, l2Length(spec)).toString('hex'),
          name,
        )
      }
    }
  }
})

t.test('with options in either header', async (t) => {
  const options = Buffer.alloc(40, 1)
  const quote = packet({ ...reply, ip: { ...reply.ip, options } }).subarray(0, 68)
  const data = frame(about(quote, { type: 3, code: 3 }, { options }))
  t.equal(director.send(data).frame.toString('hex'), routed(data, wayTo(1)).toString('hex'))
})

t.test('whatever a quoted header says of its length and its checksum', async (t) => {
  const options = Buffer.alloc(40, 1)
  for (const [name, ip] of [
    ['no length', { totalLength: 0 }],
    ['a length less than its header', { totalLength: 19 }],
    ['a length without its options', { totalLength: 20, options }],
    ['a length without all of them', { totalLength: 59, options }],
    ['a length of more than is quoted', { totalLength: 0xffff }],
    ['a wrong checksum', { checksum: 0x1234 }],
  ] as const) {
    const quote = packet({ ...reply, ip: { ...reply.ip, ...ip } })
    for (const length of [(quote.readUInt8(0) & 0x0f) * 4 + 4, quote.length]) {
      const data = frame(about(quote.subarray(0, length)))
      const expected = routed(data, wayTo(1)).toString('hex')
      t.equal(director.send(data).frame.toString('hex'), expected, `${name}, ${length} bytes quoted`)
    }
  }
})

t.test('a header of 16 bytes has no ports behind it, though its last four look like those', async (t) => {
  // Of bytes that are the ports 80 and 40000.
  const client = '0.80.156.64'
  const quoted = (ip: Ipv4Fields) => packet({ ...reply, ip: { source: vip, destination: client, ...ip } })
  t.equal(director.send(frame({ ip: { source: client }, tcp: { sport: 40000 } })).verdict, 'route_tx')
  t.equal(director.send(frame(about(quoted({})))).verdict, 'route_tx')
  t.equal(director.send(frame(about(quoted({ ihl: 4 })))).verdict, 'pass_icmp')
})

t.test('it counts as traffic, but is no packet of the connection: neither state nor timer changes', async (t) => {
  const before = director.entry(webFlow())
  const [counters] = director.dataplane.counters(web)
  director.advance(20)
  const data = frame(about(packet(reply)))
  t.equal(director.send(data).verdict, 'route_tx')
  t.same(director.entry(webFlow()), before)
  const [after] = director.dataplane.counters(web)
  t.equal(after?.traffic.inPackets, (counters?.traffic.inPackets ?? 0) + 1)
  t.equal(after?.traffic.inBytes, (counters?.traffic.inBytes ?? 0) + data.length - 14)
  t.equal(after?.traffic.conns, counters?.traffic.conns)
  director.advanceTicks(before.expires - director.nowTicks())
  t.equal(director.send(data).verdict, 'pass_icmp', 'the connection has expired')
  director.send(segment('S'))
  director.send(datagram())
})

t.test("not for a connection: to the director's own stack", async (t) => {
  const changed = (ip: Ipv4Fields, tcp: PacketSpec['tcp'] = {}) =>
    packet({ ...reply, ip: { ...reply.ip, ...ip }, tcp: { ...reply.tcp, ...tcp } })
  for (const [name, quote] of [
    ['another client', changed({ destination: '198.51.100.2' })],
    ['another port of the client', changed({}, { dport: 40001 })],
    ['another VIP', changed({ source: '192.0.2.11' })],
    ['another service', changed({}, { sport: 81 })],
    ['another protocol', changed({ protocol: 17 })],
    ['what the client sent', packet({ ip: { source: cip, destination: vip }, tcp: { sport: 40000, dport: 80 } })],
    ['a later fragment', changed({ fragmentOffset: 1480 })],
    ['a quote without ports', changed({}).subarray(0, 23)],
    ['half a header', changed({}).subarray(0, 19)],
    ['no quote', Buffer.alloc(0)],
    ['a quoted header of another version', changed({ version: 6 })],
    ['a quoted header too short', changed({ ihl: 4 })],
    ['a quoted header longer than the quote', changed({ ihl: 15 }).subarray(0, 28)],
    [
      'an error about an error',
      packet({ ip: { source: vip, destination: cip }, icmp: { type: 3 }, payload: 'xxxxxxxx' }),
    ],
  ] as const) {
    t.equal(director.send(frame(about(quote))).verdict, 'pass_icmp', name)
  }
})

t.test('what is no error is for the director itself', async (t) => {
  for (const type of [0, 5, 8, 9, 10, 12, 13, 14, 17, 30]) {
    t.equal(director.send(frame(about(packet(reply), { type }))).verdict, 'pass_icmp', `type ${type}`)
  }
})

t.test('behind the end of its packet there is no quote', async (t) => {
  const whole = frame(about(packet(reply).subarray(0, leastQuote)))
  const ipLength = whole.length - 14
  for (let length = 20; length < ipLength; length++) {
    // The bytes are there, as padding of Ethernet; the IP header says that they are not the packet's.
    const data = frame(about(packet(reply).subarray(0, leastQuote), { type: 3, code: 1 }, { totalLength: length }))
    const { verdict } = director.send(data)
    const withPorts = 20 + 8 + 20 + 4
    const expected = length < 28 ? 'malformed_l4' : length < withPorts ? 'pass_icmp' : 'route_tx'
    t.equal(verdict, expected, `total length ${length}`)
  }
})

t.test('an error that cannot be passed on is not answered by another error', async (t) => {
  t.equal(director.send(frame(about(packet(reply), { type: 3 }, { ttl: 1 }))).verdict, 'drop_ttl')
  director.dataplane.setNextHop('10.0.0.1', wayTo(1, { mtu: 60 }))
  for (const df of [false, true]) {
    t.equal(director.send(frame(about(packet(reply), { type: 3 }, { df }))).verdict, 'drop_too_big')
  }
  director.dataplane.setNextHop('10.0.0.1', wayTo(1))
})

t.test('an error from where none can come', async (t) => {
  for (const source of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', vip]) {
    t.equal(director.send(frame(about(packet(reply), { type: 3 }, { source }))).verdict, 'pass_martian', source)
  }
  t.equal(chosen(director.send(frame(about(packet(reply), { type: 3 }, { source: '0.0.0.1' }))).frame), 1)
})

t.test('a server that was removed', async (t) => {
  const packets = () => {
    const [counters] = director.dataplane.counters(web)
    return counters?.traffic.inPackets ?? 0
  }
  const data = frame(about(packet(reply)))
  director.install(web, [server(2)])
  const before = packets()
  t.equal(chosen(director.send(data).frame), 1, 'has its errors while it has connections')
  t.equal(packets(), before, 'uncounted')
  director.install(web, [server(1)])
  t.equal(chosen(director.send(data).frame), 1)
  t.equal(packets(), before + 1)
  t.equal(director.entry(dnsFlow()).state, 'UDP')
})
