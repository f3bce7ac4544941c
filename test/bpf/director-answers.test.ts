/** The director's own ICMP errors to clients: icmp_send() of net/ipv4/icmp.c, RFC 792, RFC 1191, RFC 1812. */
import t, { type Test } from 'tap'
import type { BpfDirector } from '../lib/bpf-director.js'
import { defaultAddresses, type FrameSpec, frame } from '../lib/packet.js'
import { pinToCpu } from '../lib/pin-to-cpu.js'
import { l2Length, routed, tunnelled } from './director-expected.js'
import { dns, openDirector, segment, server, vip, wayTo, web } from './director-fixture.js'

/** Bytes of the packet that an error carries at most: 576 less the headers. */
const quoteMax = 548
/** Errors that a CPU may send in a tick of 67 ms. */
const errorsPerTick = 67
pinToCpu()

interface IcmpError {
  readonly type: number
  readonly code: number
  /** Next-hop MTU. */
  readonly rest?: number
}

const portUnreachable: IcmpError = { type: 3, code: 3 }
const timeExceeded: IcmpError = { type: 11, code: 0 }

function fragNeeded(mtu: number): IcmpError {
  return { type: 3, code: 4, rest: mtu }
}

/** The answer to a frame of a client: back the way it came, from the address that it was for. */
function answer(data: Buffer, spec: FrameSpec, icmp: IcmpError): Buffer {
  const packet = data.subarray(l2Length(spec))
  const { clientMac, directorMac, cip } = defaultAddresses
  return frame({
    ethernet: { destination: clientMac, source: directorMac },
    ...(spec.vlans && { vlans: spec.vlans }),
    ip: {
      source: spec.ip?.destination ?? vip,
      destination: spec.ip?.source ?? cip,
      // RT_TOS() of the packet, with precedence "internetwork control".
      tos: ((spec.ip?.tos ?? 0) & 0x1e) | 0xc0,
      id: spec.ip?.id ?? 0,
      ttl: 64,
    },
    icmp,
    payload: packet.subarray(0, Math.min(packet.readUInt16BE(2), quoteMax)),
  })
}

/** Frames that all get the same error. */
const specs: readonly FrameSpec[] = [
  ...[[], [7], [8, 7]].flatMap((vlans) => [
    { vlans, tcp: { flags: 'S' } },
    { vlans, tcp: { flags: 'S', options: Buffer.alloc(20, 1) }, payload: 'x' },
    { vlans, udp: {} },
    { vlans, udp: {}, payload: 'x' },
    { vlans, ip: { options: Buffer.alloc(40, 1), tos: 0xff, id: 0xbeef }, udp: {}, payload: 'xyz' },
  ]),
  // Around the length at which the quote is cut.
  ...[517, 518, 519, 520, 521, 522, 1000, 1001, 1472].map((length) => ({
    udp: {},
    payload: Buffer.from(Array.from({ length }, (_, i) => i & 0xff)),
  })),
  ...[0xff, 0x00, 0x5a].map((byte) => ({ udp: {}, payload: Buffer.alloc(701, byte) })),
]

/** Sends all of them, on ticks of their own, and compares what comes back. */
function check(
  t: Test,
  director: BpfDirector,
  error: IcmpError,
  verdict: string,
  change: (spec: FrameSpec) => FrameSpec,
): void {
  for (const [i, spec] of specs.entries()) {
    const sent = change(spec)
    for (const padding of [0, 5]) {
      director.advanceTicks(1)
      const data = Buffer.concat([frame(sent), Buffer.alloc(padding, 0xee)])
      const result = director.send(data)
      const name = `frame ${i} of ${data.length} bytes, ${padding} of them padding`
      t.equal(result.verdict, verdict, name)
      t.equal(result.frame.toString('hex'), answer(data, sent, error).toString('hex'), name)
    }
  }
}

t.test('no server: port unreachable, for TCP as for UDP', async (t) => {
  const director = openDirector(t)
  for (const servers of [[], [server(1, { weight: 0 })]]) {
    director.install(web, servers)
    director.install(dns, servers)
    check(t, director, portUnreachable, 'icmp_port_unreachable', (spec) => spec)
  }
  t.equal(director.occupied, 0, 'and no connection is made')
})

t.test('the last hop for a packet: time exceeded', async (t) => {
  const director = openDirector(t)
  for (const forwarding of ['route', 'tunnel'] as const) {
    director.install(web, [server(1, { forwarding })])
    director.install(dns, [server(1, { forwarding, rport: 53 })])
    for (const ttl of [0, 1]) {
      check(t, director, timeExceeded, 'icmp_time_exceeded', (spec) => ({ ...spec, ip: { ...spec.ip, ttl } }))
    }
  }
})

t.test('too big and not to be fragmented: what would pass', async (t) => {
  const director = openDirector(t)
  director.dataplane.setNextHop('10.0.0.1', wayTo(1, { mtu: 600 }))
  for (const [forwarding, mtu] of [
    ['route', 600],
    ['tunnel', 580],
  ] as const) {
    director.install(dns, [server(1, { forwarding, rport: 53 })])
    for (const [length, fits] of [
      [mtu - 1, true],
      [mtu, true],
      [mtu + 1, false],
      [1500, false],
    ] as const) {
      for (const vlans of [[], [7], [8, 7]]) {
        director.advanceTicks(1)
        const spec = { vlans, ip: { df: true }, udp: { sport: mtu + length }, payload: Buffer.alloc(length - 28, 1) }
        const data = frame(spec)
        const { verdict, frame: out } = director.send(data)
        const name = `${forwarding}, ${length} bytes, ${vlans.length} tags`
        if (fits) {
          const id = out.readUInt16BE(l2Length(spec) + 4)
          const expected =
            forwarding === 'route'
              ? routed(data, wayTo(1), l2Length(spec))
              : tunnelled(data, wayTo(1), '10.0.0.1', id, l2Length(spec))
          t.equal(out.toString('hex'), expected.toString('hex'), name)
        } else {
          t.equal(verdict, 'icmp_frag_needed', name)
          // The TTL goes down before the MTU is looked at (__ip_vs_get_out_rt()).
          const older = routed(data, wayTo(1), l2Length(spec))
          t.equal(out.toString('hex'), answer(older, spec, fragNeeded(mtu)).toString('hex'), name)
          const fragmentable = { ...spec, ip: { df: false } }
          t.equal(director.send(frame(fragmentable)).verdict, 'drop_too_big', `${name}, no DF`)
        }
      }
    }
  }
})

t.test('so many errors in a tick, and no more', async (t) => {
  const director = openDirector(t)
  director.install(web, [])
  director.install(dns, [server(1, { rport: 53 })])
  for (const [name, data, sent, dropped] of [
    ['no server', segment('S'), 'icmp_port_unreachable', 'drop_no_server'],
    ['TTL', frame({ ip: { ttl: 1 }, udp: {} }), 'icmp_time_exceeded', 'drop_ttl'],
  ] as const) {
    director.advanceTicks(1)
    const verdicts = Array.from({ length: errorsPerTick + 3 }, () => director.send(data).verdict)
    t.same(verdicts, [...Array(errorsPerTick).fill(sent), ...Array(3).fill(dropped)], name)
    director.advanceTicks(1)
    t.equal(director.send(data).verdict, sent, `${name}: the next tick`)
  }
})

t.test('path MTU discovery is not limited (icmpv4_mask_allow())', async (t) => {
  const director = openDirector(t)
  director.install(web, [])
  director.install(dns, [server(1, { rport: 53 })])
  director.dataplane.setNextHop('10.0.0.1', wayTo(1, { mtu: 100 }))
  const big = frame({ ip: { df: true }, udp: {}, payload: Buffer.alloc(100) })
  const verdicts = Array.from({ length: errorsPerTick + 3 }, () => director.send(big).verdict)
  t.same([...new Set(verdicts)], ['icmp_frag_needed'])
  t.equal(director.send(segment('S')).verdict, 'icmp_port_unreachable', 'and leaves the others what they have')
  for (let i = 0; i < errorsPerTick; i++) director.send(segment('S'))
  t.equal(director.send(big).verdict, 'icmp_frag_needed', 'which they have used up')
})

t.test("no error goes to an address that is not one host's", async (t) => {
  const director = openDirector(t)
  director.install(web, [])
  for (const [source, verdict] of [
    ['0.0.0.0', 'pass_martian'],
    ['0.0.0.1', 'icmp_port_unreachable'],
    ['126.255.255.255', 'icmp_port_unreachable'],
    ['127.0.0.1', 'pass_martian'],
    ['127.255.255.255', 'pass_martian'],
    ['128.0.0.1', 'icmp_port_unreachable'],
    ['223.255.255.255', 'icmp_port_unreachable'],
    ['224.0.0.1', 'pass_martian'],
    ['239.1.2.3', 'pass_martian'],
    ['240.0.0.1', 'pass_martian'],
    ['255.255.255.255', 'pass_martian'],
  ] as const) {
    const spec = { ip: { source }, tcp: { flags: 'S' } }
    const data = frame(spec)
    const sent = director.send(data)
    t.equal(sent.verdict, verdict, source)
    const expected = verdict === 'pass_martian' ? data : answer(data, spec, portUnreachable)
    t.equal(sent.frame.toString('hex'), expected.toString('hex'), source)
  }
})
