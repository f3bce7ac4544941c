import t, { type Test } from 'tap'
import type { RealServer } from '../../../../src/core/real-server.js'
import type { VirtualService } from '../../../../src/core/virtual-service.js'
import { dns, server, wayTo, web } from '../../../bpf/director-fixture.js'
import { checksum, defaultAddresses, type PacketSpec, packet, protocolNumbers } from '../../../lib/packet.js'
import { RawDirector } from '../../../lib/raw-director.js'

const { cip, vip } = defaultAddresses
/** Of server 1: enough for the longest that is sent at once here. */
const wayMtu = 1500

async function forwarding(t: Test, servers: readonly RealServer[], service: VirtualService = web, mtu = wayMtu) {
  const { director, opened } = await RawDirector.open(t)
  const { dataplane } = opened
  for (const { rip } of servers) dataplane.setNextHop(rip, wayTo(1, { mtu }))
  const segments = [{ start: 0, servers: servers.map((_, i) => i) }]
  dataplane.setService({ service, servers, plan: { pick: 'sequence', segments, length: servers.length, start: 0 } })
  return { director, dataplane, sockets: director.sockets }
}

const syn = packet({ tcp: { flags: 'S' } })
const tunnelled = server(1, { forwarding: 'tunnel' })
const bytes = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251))

t.test('DR: the client packet, one hop older, to the real server', async (t) => {
  const { director, dataplane, sockets } = await forwarding(t, [server(1)])
  director.receive(syn)
  t.same(sockets.sent, [{ datagram: packet({ ip: { ttl: 63 }, tcp: { flags: 'S' } }), to: '10.0.0.1' }])
  t.equal(dataplane.stats().verdicts.get('route_tx'), 1)
  director.receive(packet({ tcp: { dport: 81 } }))
  t.equal(sockets.sent.length, 1, 'what is for no service is not touched')
})

t.test('TUN: an outer header', async (t) => {
  const { director, sockets } = await forwarding(t, [tunnelled])
  director.receive(syn)
  const [sent] = sockets.sent
  t.equal(sent?.to, '10.0.0.1')
  t.equal(sent?.datagram.readUInt8(9), protocolNumbers.ipip)
  t.same(sent?.datagram.subarray(20), packet({ ip: { ttl: 63 }, tcp: { flags: 'S' } }))
})

t.test('a joined segment of no connection is answered with a reset, though its checksum is not finished', async (t) => {
  const { director, sockets } = await forwarding(t, [server(1)])
  director.receive(packet({ tcp: { flags: 'A', checksum: 0x1234 }, payload: bytes(3000) }))
  t.same(
    sockets.sent.map(({ datagram, to }) => [datagram.readUInt8(20 + 13), to]),
    [[0x04, cip]],
  )
})

t.test('a datagram that is shorter than it says is not read on behind its end', async (t) => {
  const { director, dataplane, sockets } = await forwarding(t, [server(1)])
  director.receive(syn.subarray(0, -1))
  t.same(sockets.sent, [])
  t.equal(dataplane.stats().verdicts.get('malformed_ipv4'), 1)
})

/** Puts fragments together again. */
function reassembled(fragments: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0)] = fragments
  const whole = Buffer.from(first.subarray(0, 20))
  let end = 0
  for (const [i, each] of fragments.entries()) {
    const field = each.readUInt16BE(6)
    t.equal((field & 0x1fff) * 8, end, 'without a gap')
    t.equal((field & 0x2000) !== 0, i < fragments.length - 1, 'all but the last say that more follow')
    t.equal(each.readUInt16BE(4), first.readUInt16BE(4), 'of one packet')
    end += each.length - 20
  }
  whole.writeUInt16BE(end + 20, 2)
  whole.writeUInt16BE(0, 6)
  whole.writeUInt16BE(0, 10)
  whole.writeUInt16BE(checksum(whole), 10)
  return Buffer.concat([whole, ...fragments.map((each) => each.subarray(20))])
}

for (const [name, real, headers] of [
  ['DR', server(1), 0],
  ['TUN', tunnelled, 20],
] as const) {
  t.test(`${name}: a datagram without DF that is too long is sent in fragments`, async (t) => {
    const { director, sockets } = await forwarding(t, [real], dns)
    const spec: PacketSpec = { ip: { id: 7 }, udp: {}, payload: bytes(4000) }
    director.receive(packet(spec))
    const fragments = sockets.sent.map(({ datagram }) => datagram)
    t.equal(fragments.length, 3)
    for (const { length } of fragments) t.ok(length <= wayMtu, `${length} bytes`)
    t.same(reassembled(fragments).subarray(headers), packet({ ...spec, ip: { id: 7, ttl: 63 } }))
  })

  t.test(`${name}: fragments of a datagram without an id`, async (t) => {
    const { director, sockets } = await forwarding(t, [real], dns)
    for (const _ of ['first', 'second']) director.receive(packet({ ip: { id: 0 }, udp: {}, payload: bytes(2000) }))
    const [first, rest, other] = sockets.sent.map(({ datagram }) => datagram.readUInt16BE(4))
    t.ok(first, 'of 0 the kernel would make another for each of them')
    t.equal(rest, first)
    t.not(other, first)
  })

  t.test(`${name}: with DF the client is told`, async (t) => {
    const { director, sockets } = await forwarding(t, [real], dns, 1400)
    director.receive(packet({ ip: { df: true }, udp: {}, payload: bytes(1380) }))
    const [answer, ...more] = sockets.sent
    t.same(more, [])
    t.equal(answer?.to, cip)
    t.same(answer?.datagram.subarray(20, 22), Buffer.from([3, 4]), 'fragmentation needed')
    t.equal(answer?.datagram.readUInt16BE(26), 1400 - headers)
  })

  t.test(`${name}: what GRO has put together is made segments`, async (t) => {
    const { director, sockets } = await forwarding(t, [real])
    const data = bytes(5000)
    director.receive(syn)
    director.receive(packet({ ip: { df: true }, tcp: { flags: 'PFA', seq: 0xfffff000 }, payload: data }))
    const segments = sockets.sent.slice(1).map(({ datagram }) => datagram)
    t.equal(segments.length, 4)
    let at = 0
    for (const [i, segment] of segments.entries()) {
      t.ok(segment.length <= wayMtu, `${segment.length} bytes`)
      const payload = data.subarray(at, at + segment.length - headers - 40)
      const flags = i < segments.length - 1 ? 'A' : 'PFA'
      const tcp = { flags, seq: (0xfffff000 + at) % 2 ** 32 }
      t.same(segment.subarray(headers), packet({ ip: { df: true, ttl: 63, id: i }, tcp, payload }), `segment ${i}`)
      at += payload.length
    }
    t.equal(at, data.length)
  })
}

for (const [name, real, headers] of [
  ['DR', server(1), 0],
  ['TUN', tunnelled, 20],
] as const) {
  t.test(`${name}: joined segments that fit are sent as they are, with a checksum`, async (t) => {
    const { director, sockets } = await forwarding(t, [real], web, 9000)
    director.receive(syn)
    const spec: PacketSpec = { ip: { df: true }, tcp: { flags: 'A' }, payload: bytes(5000) }
    director.receive(unfinished(packet(spec), 36))
    t.same(sockets.sent[1]?.datagram.subarray(headers), packet({ ...spec, ip: { df: true, ttl: 63 } }))
  })
}

t.test('a datagram with DF that came in fragments goes on in fragments, where those had fitted', async (t) => {
  const spec: PacketSpec = { ip: { df: true }, udp: {}, payload: bytes(4000) }
  const same = await forwarding(t, [server(1)], dns)
  same.director.receive(packet(spec))
  t.equal(same.sockets.sent.length, 3)
  const smaller = await forwarding(t, [tunnelled], dns)
  smaller.director.receive(packet(spec))
  t.same(smaller.sockets.sent[0]?.datagram.subarray(20, 22), Buffer.from([3, 4]), 'else the client is told')
})

t.test('an ICMP error that is too long is not answered, whatever its DF', async (t) => {
  const { director, sockets } = await forwarding(t, [server(1)], dns, 1300)
  director.receive(packet({ udp: {} }))
  const payload = packet({
    ip: { source: vip, destination: cip },
    udp: { sport: 53, dport: 40000 },
    payload: bytes(1350),
  })
  director.receive(packet({ ip: { df: true }, icmp: { type: 3, code: 1 }, payload }))
  t.same(
    sockets.sent.map(({ to }) => to),
    ['10.0.0.1', '10.0.0.1', '10.0.0.1'],
    'the datagram, and the error in two fragments',
  )
})

t.test('options that are not for every fragment stay with the first', async (t) => {
  const { director, sockets } = await forwarding(t, [server(1)], dns)
  const recordRoute = [7, 7, 4, 1, 2, 3, 4]
  const security = [0x82, 4, 9, 9]
  director.receive(
    packet({ ip: { id: 7, options: Buffer.from([...recordRoute, 1, ...security]) }, udp: {}, payload: bytes(2000) }),
  )
  const [first, second] = sockets.sent.map(({ datagram }) => [...datagram.subarray(20, 32)])
  t.same(first, [...recordRoute, 1, ...security])
  t.same(second, [1, 1, 1, 1, 1, 1, 1, 1, ...security])
})

t.test('CWR is for the first segment only', async (t) => {
  const { director, sockets } = await forwarding(t, [server(1)])
  director.receive(syn)
  director.receive(packet({ ip: { df: true }, tcp: { flags: 'AC' }, payload: bytes(2000) }))
  const [first, second] = sockets.sent.slice(1).map(({ datagram }) => datagram)
  t.same(first?.readUInt8(33), 0x90)
  t.same(second?.readUInt8(33), 0x10)
})

t.test('a full segment with DF that does not fit into the tunnel: the client is told', async (t) => {
  const { director, sockets } = await forwarding(t, [tunnelled])
  director.receive(syn)
  director.receive(packet({ ip: { df: true }, tcp: { flags: 'A' }, payload: bytes(1460) }))
  t.equal(sockets.sent.length, 2)
  t.equal(sockets.sent[1]?.to, cip)
  t.equal(sockets.sent[1]?.datagram.readUInt16BE(26), 1480)
})

/** A packet with the sum of its pseudo header where the checksum should be. */
function unfinished(whole: Buffer, offset: number): Buffer {
  const packet = Buffer.from(whole)
  const pseudo = Buffer.alloc(12)
  whole.copy(pseudo, 0, 12, 20)
  pseudo.writeUInt8(whole.readUInt8(9), 9)
  pseudo.writeUInt16BE(whole.length - 20, 10)
  packet.writeUInt16BE(~checksum(pseudo) & 0xffff, offset)
  return packet
}

t.test('a checksum that was left to the network card is finished', async (t) => {
  for (const [service, spec, offset] of [
    [web, { tcp: { flags: 'S' } }, 36],
    [dns, { udp: {}, payload: 'query' }, 26],
  ] as const) {
    const { director, sockets } = await forwarding(t, [server(1)], service)
    const whole = packet(spec)
    director.receive(unfinished(whole, offset))
    t.same(sockets.sent[0]?.datagram, packet({ ...spec, ip: { ttl: 63 } }), service.protocol)
    const wrong = Buffer.from(whole)
    wrong.writeUInt16BE(whole.readUInt16BE(offset) ^ 0x0101, offset)
    director.receive(wrong)
    t.equal(sockets.sent[1]?.datagram.readUInt16BE(offset), wrong.readUInt16BE(offset), 'a wrong one stays wrong')
  }
})

t.test('a finished checksum of 0 says that there is none, and is not made', async (t) => {
  const { director, sockets } = await forwarding(t, [server(1)], dns)
  const payload = Buffer.alloc(2)
  // The two bytes with which all words add up to 0xffff.
  payload.writeUInt16BE(packet({ udp: {}, payload }).readUInt16BE(26))
  director.receive(unfinished(packet({ udp: {}, payload }), 26))
  t.equal(sockets.sent[0]?.datagram.readUInt16BE(26), 0xffff)
})

t.test('what has no connection is reset, since the kernel is not allowed to', async (t) => {
  const { director, sockets } = await forwarding(t, [server(1)])
  director.receive(packet({ tcp: { flags: 'A', seq: 5, ack: 77 }, payload: 'data' }))
  const ports = { sport: 80, dport: 40000 }
  const reset = (tcp: PacketSpec['tcp']) => {
    const from = { source: vip, destination: cip, df: true }
    return packet({ ip: from, tcp: { window: 0, ...ports, ...tcp } })
  }
  t.same(sockets.sent, [{ datagram: reset({ flags: 'R', seq: 77, ack: 0 }), to: cip }])
  director.receive(packet({ tcp: { flags: 'F', seq: 5 }, payload: 'data' }))
  t.same(sockets.sent[1]?.datagram, reset({ flags: 'RA', seq: 0, ack: 10 }))
  director.receive(packet({ tcp: { flags: 'R' } }))
  director.receive(packet({ tcp: { flags: 'A', checksum: 1 } }))
  t.equal(sockets.sent.length, 2, 'a reset is not answered, nor what is damaged')
})

t.test('a service without servers is answered for', async (t) => {
  const { director, sockets } = await forwarding(t, [], dns)
  director.receive(packet({ udp: {} }))
  t.same(sockets.sent[0]?.datagram.subarray(20, 22), Buffer.from([3, 3]), 'port unreachable')
})

t.test('what the kernel does not take is logged, not once for each packet', async (t) => {
  const { director, dataplane, sockets } = await forwarding(t, [server(1)])
  sockets.refusal = 'No buffer space available'
  director.receive(syn)
  director.receive(syn)
  dataplane.collect()
  dataplane.collect()
  t.same(
    director.log.lines.filter((line) => line.startsWith('warn')),
    ['warn the kernel did not take packets'],
  )
  t.match(director.log.fields.at(-1), { packets: 2, reason: 'No buffer space available' })
})

t.test('packets have the clock that the sweeper keeps', async (t) => {
  const { director, sockets } = await forwarding(t, [server(1)])
  director.receive(syn)
  director.advance(59)
  await director.clock.advance(70)
  director.receive(syn)
  t.equal(sockets.sent.length, 2)
  director.advance(61)
  await director.clock.advance(70)
  director.receive(packet({ tcp: { flags: 'A' } }))
  t.equal(sockets.sent.at(-1)?.to, cip, 'a reset: the connection is over')
})
