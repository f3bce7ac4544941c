/** Frames that are wrong: each has one verdict, is not forwarded, and reaches the kernel as it came. */
import t from 'tap'
import { etherTypes, type FrameSpec, frame, packet } from '../lib/packet.js'
import { seededRandom } from '../lib/random.js'
import { l2Length, routed, tunnelled } from './director-expected.js'
import { cip, datagram, dns, openDirector, segment, server, vip, wayTo, web } from './director-fixture.js'

const director = openDirector(t, { sets: 4096 })
director.install(web, [server(1)])
director.install(dns, [server(1, { rport: 53, forwarding: 'tunnel' })])

const quote = packet({ ip: { source: vip, destination: cip }, tcp: { sport: 80, dport: 40000 } })

/** A header stack and the length of what follows the IP header at least. */
const stacks: readonly { spec: FrameSpec; l4: number; whole: string; cut: string }[] = [[], [7], [8, 7]].flatMap(
  (vlans) =>
    [undefined, Buffer.alloc(12, 1), Buffer.alloc(40, 1)].flatMap((options) => {
      const ip = options ? { options } : {}
      return [
        { spec: { vlans, ip, tcp: { flags: 'S' } }, l4: 20, whole: 'route_tx', cut: 'malformed_l4' },
        {
          spec: { vlans, ip, tcp: { flags: 'S', options: Buffer.alloc(40, 1) } },
          l4: 60,
          whole: 'route_tx',
          cut: 'malformed_l4',
        },
        { spec: { vlans, ip, udp: {}, payload: 'query' }, l4: 13, whole: 'tunnel_tx', cut: 'malformed_l4' },
        {
          spec: { vlans, ip, icmp: { type: 3 }, payload: quote.subarray(0, 24) },
          l4: 32,
          whole: 'route_tx',
          cut: 'pass_icmp',
        },
      ]
    }),
)

/** Length of the IP header. */
function headerLength({ ip }: FrameSpec): number {
  return 20 + (ip?.options?.length ?? 0)
}

t.test('frames cut off at every length', async (t) => {
  const wrong: unknown[] = []
  for (const { spec, whole } of stacks) {
    const data = frame(spec)
    for (let length = 14; length <= data.length; length++) {
      const { verdict } = director.send(data.subarray(0, length))
      const expected = length < l2Length(spec) ? 'malformed_ethernet' : length < data.length ? 'malformed_ipv4' : whole
      if (verdict !== expected) wrong.push({ spec, length, verdict, expected })
    }
  }
  t.same(wrong.slice(0, 3), [])
})

t.test('packets whose header states every length from 0 to one more than there is', async (t) => {
  for (const behind of ['cut off there', 'padded behind'] as const) {
    const wrong: unknown[] = []
    for (const { spec, l4, whole, cut } of stacks) {
      const full = frame(spec).length - l2Length(spec)
      for (let totalLength = 0; totalLength <= full + 1; totalLength++) {
        const data = frame({ ...spec, ip: { ...spec.ip, totalLength } })
        const end =
          behind === 'cut off there' ? Math.max(l2Length(spec) + Math.min(totalLength, full), 14) : data.length
        const { verdict } = director.send(data.subarray(0, end))
        const rest = totalLength - headerLength(spec)
        const icmpHeaderCut = spec.icmp && rest < 8
        const expected =
          rest < 0 || totalLength > full ? 'malformed_ipv4' : icmpHeaderCut ? 'malformed_l4' : rest < l4 ? cut : whole
        if (verdict !== expected) wrong.push({ spec, totalLength, verdict, expected })
      }
    }
    t.same(wrong.slice(0, 3), [], behind)
  }
})

const cases: readonly (readonly [name: string, data: Buffer, verdict: string])[] = [
  ...[0, 1, 2, 3, 5, 6, 15].map(
    (version) => [`IP version ${version}`, segment('S', 1, { version }), 'malformed_ipv4'] as const,
  ),
  ...[0, 1, 2, 3, 4].map((ihl) => [`IP header of ${ihl} words`, segment('S', 1, { ihl }), 'malformed_ipv4'] as const),
  ...[11, 15].map(
    (ihl) => [`IP header of ${ihl} words in 40 bytes`, segment('S', 1, { ihl }), 'malformed_ipv4'] as const,
  ),
  ...[0, 1, 2, 3, 4, 6, 7, 15].map(
    (dataOffset) =>
      [`TCP header of ${dataOffset} words in 20 bytes`, frame({ tcp: { dataOffset } }), 'malformed_l4'] as const,
  ),
  ...[0, 1, 7, 14, 0xffff].map(
    (length) => [`UDP length ${length} of 13`, frame({ udp: { length }, payload: 'query' }), 'malformed_l4'] as const,
  ),
  ['UDP length less than there is', frame({ udp: { length: 8 }, payload: 'query' }), 'tunnel_tx'],
  ['a SYN with a wrong IP checksum', segment('S', 2, { checksum: 0x1234 }), 'malformed_checksum'],
  ['a SYN with an IP checksum of 0', segment('S', 2, { checksum: 0 }), 'malformed_checksum'],
  ['a first datagram with a wrong IP checksum', datagram(2, { checksum: 0x1234 }), 'malformed_checksum'],
  [
    'with options the checksum is left to the real server',
    segment('S', 3, { checksum: 1, options: Buffer.alloc(4, 1) }),
    'route_tx',
  ],
  ['a wrong checksum and no service', frame({ ip: { checksum: 1 }, tcp: { dport: 81 } }), 'pass_no_service'],
  ['first fragment to a VIP', segment('S', 1, { mf: true }), 'drop_fragment'],
  ['middle fragment to a VIP', segment('S', 1, { mf: true, fragmentOffset: 8 }), 'drop_fragment'],
  ['last fragment to a VIP', segment('S', 1, { fragmentOffset: 65528 }), 'drop_fragment'],
  ['fragment of another protocol to a VIP', frame({ ip: { protocol: 47, mf: true } }), 'pass_fragment'],
  ['fragment of a ping to a VIP', frame({ ip: { mf: true }, icmp: {} }), 'pass_fragment'],
  ['fragment to another address', segment('S', 1, { mf: true, destination: '192.0.2.99' }), 'pass_fragment'],
  [
    'last fragment to another address',
    segment('S', 1, { fragmentOffset: 8, destination: '192.0.2.99' }),
    'pass_fragment',
  ],
  ['fragment from a VIP', segment('S', 1, { mf: true, source: vip, destination: cip }), 'pass_fragment'],
  ['three VLAN tags', frame({ vlans: [9, 8, 7], tcp: {} }), 'pass_not_ipv4'],
  ['ARP', frame({ ethernet: { etherType: etherTypes.arp } }), 'pass_not_ipv4'],
  ['IPv6', frame({ ethernet: { etherType: etherTypes.ipv6 }, tcp: {} }), 'pass_not_ipv4'],
  ['ARP in a VLAN', frame({ vlans: [7], ethernet: { etherType: etherTypes.arp } }), 'pass_not_ipv4'],
  ['802.3 length instead of a type', frame({ ethernet: { etherType: 46 }, tcp: {} }), 'pass_not_ipv4'],
  ['an Ethernet header alone', frame({}).subarray(0, 14), 'malformed_ipv4'],
  ['a tag without what it announces', frame({ vlans: [7] }).subarray(0, 16), 'malformed_ethernet'],
  ...[0, 2, 4, 41, 47, 50, 89, 112, 132, 255].map(
    (protocol) => [`protocol ${protocol} to a VIP`, frame({ ip: { protocol } }), 'pass_not_l4'] as const,
  ),
  ['ping to a VIP', frame({ icmp: { type: 8 }, payload: 'ping' }), 'pass_icmp'],
]

t.test('one thing wrong', async (t) => {
  const wrong = cases
    .map(([name, data, expected]) => ({ name, expected, verdict: director.send(data).verdict }))
    .filter(({ expected, verdict }) => verdict !== expected)
  t.same(wrong, [])
})

t.test('an address is a VIP as long as it has a service', async (t) => {
  const fragment = segment('S', 1, { mf: true, destination: '192.0.2.50' })
  const first = { ...web, vip: '192.0.2.50' }
  const second = { ...dns, vip: '192.0.2.50' }
  const verdict = () => director.send(fragment).verdict
  t.equal(verdict(), 'pass_fragment')
  director.install(first, [server(1)])
  director.install(second, [])
  director.install(first, [server(2)])
  t.equal(verdict(), 'drop_fragment')
  director.remove(first)
  t.equal(verdict(), 'drop_fragment')
  director.remove(second)
  t.equal(verdict(), 'pass_fragment')
})

t.test('frames with random bytes changed are forwarded as the rules say, or not at all', async (t) => {
  const random = seededRandom(7)
  const below = (limit: number) => Math.floor(random() * limit)
  const seen = new Map<string, number>()
  const wrong: string[] = []
  for (let i = 0; i < 20_000; i++) {
    const { spec } = stacks[below(stacks.length)] ?? { spec: {} }
    const data = frame(spec)
    for (let change = below(4); change >= 0; change--) data[12 + below(data.length - 12)] = below(256)
    const cut = data.subarray(0, below(4) === 0 ? 14 + below(data.length - 14) : data.length)
    director.advance(1)
    const { verdict, frame: out } = director.send(cut)
    seen.set(verdict, (seen.get(verdict) ?? 0) + 1)
    const id = out.length > l2Length(spec) + 6 ? out.readUInt16BE(l2Length(spec) + 4) : 0
    if (verdict === 'route_tx' && !out.equals(routed(cut, wayTo(1), l2Length(spec)))) wrong.push(cut.toString('hex'))
    if (verdict === 'tunnel_tx' && !out.equals(tunnelled(cut, wayTo(1), '10.0.0.1', id, l2Length(spec))))
      wrong.push(cut.toString('hex'))
  }
  t.same(wrong.slice(0, 3), [])
  for (const verdict of [
    'route_tx',
    'tunnel_tx',
    'pass_no_service',
    'malformed_ipv4',
    'malformed_l4',
    'malformed_checksum',
  ]) {
    t.ok((seen.get(verdict) ?? 0) > 50, `${verdict}: ${seen.get(verdict)}`)
  }
})

t.test('sources that no packet can come from are not scheduled, whatever they are addressed to', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  for (const source of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', vip]) {
    t.equal(director.send(segment('S', 1000, { source })).verdict, 'pass_martian', source)
  }
  for (const source of ['0.0.0.1', '223.255.255.254']) {
    t.equal(director.send(segment('S', 1000, { source })).verdict, 'route_tx', source)
  }
  t.equal(director.dataplane.stats().connections.inUse, 2)
})
