import t from 'tap'
import { checksum, type FrameSpec, frame } from '../lib/packet.js'
import { l2Length, tunnelled } from './director-expected.js'
import { dns, openDirector, segment, server, wayTo, web } from './director-fixture.js'
import { forwardedSpecs } from './director-shapes.js'

const director = openDirector(t, { sets: 1024 })
const here = wayTo(1, { mtu: 3000, saddr: '203.0.113.250' })
const there = wayTo(2, { ifindex: 7, mtu: 3000, saddr: '10.255.255.1' })
director.dataplane.setNextHop('10.0.0.1', here)
director.dataplane.setNextHop('10.0.0.2', there)
const overhead = 20

/** Identification of the outer header. */
function outerId(frame: Buffer, spec: FrameSpec = {}): number {
  return frame.readUInt16BE(l2Length(spec) + 4)
}

for (const [name, n, hop, verdict] of [
  ['out where it came in', 1, here, 'tunnel_tx'],
  ['out of another interface', 2, there, 'tunnel_redirect'],
] as const) {
  t.test(`every shape of packet is put whole behind an outer header: ${name}`, async (t) => {
    director.install(web, [server(n, { forwarding: 'tunnel' })])
    director.install(dns, [server(n, { rport: 53, forwarding: 'tunnel' })])
    const wrong: { spec: FrameSpec; verdict: string; out: string; expected: string }[] = []
    let sport = n * 10000
    let cut = 0
    for (const shape of forwardedSpecs(3000 - overhead)) {
      const { tcp, udp, ...rest } = shape
      const spec = { ...rest, ...(tcp && { tcp: { ...tcp, sport: sport++ } }), ...(udp && { udp: { sport: sport++ } }) }
      const data = Buffer.concat([frame(spec), Buffer.alloc(shape.padding, 0xee)])
      const sent = director.send(data)
      const isTooLong = data.length - l2Length(spec) + overhead > hop.mtu
      if (isTooLong) cut++
      const kept = isTooLong ? frame(spec) : data
      const expected = tunnelled(kept, hop, `10.0.0.${n}`, outerId(sent.frame, spec), l2Length(spec))
      if (sent.verdict !== verdict || !sent.frame.equals(expected)) {
        wrong.push({ spec, verdict: sent.verdict, out: sent.frame.toString('hex'), expected: expected.toString('hex') })
      }
    }
    t.same(wrong.slice(0, 3), [])
    t.ok(sport > n * 10000 + 500, 'all shapes were sent')
    t.ok(cut > 0, 'padding that the way has no room for is cut off')
  })
}

t.test('every TOS, with and without DF', async (t) => {
  director.install(web, [server(1, { forwarding: 'tunnel' })])
  const wrong: number[] = []
  for (let tos = 0; tos < 256; tos++) {
    for (const df of [false, true]) {
      const data = segment('S', 40000, { tos, df })
      const { frame } = director.send(data)
      if (!frame.equals(tunnelled(data, here, '10.0.0.1', outerId(frame)))) wrong.push(tos)
    }
  }
  t.same(wrong, [])
  const marked = director.send(segment('A', 40000, { tos: 0xbb })).frame
  t.equal(marked.readUInt8(15), 0xba, 'CE outside would be lost with the header: ECT(0)')
  t.equal(marked.readUInt8(35), 0xbb, 'inside it stays')
})

t.test('every TTL that is left after this hop', async (t) => {
  for (let ttl = 2; ttl < 256; ttl++) {
    const { frame } = director.send(segment('A', 40000, { ttl }))
    if (frame.readUInt8(22) !== ttl - 1 || frame.readUInt8(42) !== ttl - 1) t.fail(`TTL ${ttl}`)
  }
})

t.test('the outer identification differs between the packets of a flow and between flows', async (t) => {
  const ids = (sport: number) =>
    Array.from({ length: 256 }, (_, id) => outerId(director.send(segment('S', sport, { id })).frame))
  const flows = [40000, 40001, 40002, 40003].map(ids)
  for (const ids of flows) t.equal(new Set(ids).size, 256)
  t.equal(new Set(flows.map(([first]) => first)).size, 4)
})

t.test('the outer checksum is right for every identification', async (t) => {
  const wrong: number[] = []
  for (let id = 0; id < 0x10000; id++) {
    const { data } = director.run(segment('A', 40000, { id }))
    if (checksum(data.subarray(14, 34)) !== 0 || checksum(data.subarray(34, 54)) !== 0) wrong.push(id)
  }
  t.same(wrong, [])
})

t.test('DR and TUN in one service', async (t) => {
  const director = openDirector(t)
  director.dataplane.setNextHop('10.0.0.2', there)
  director.install({ ...web, scheduler: 'lc' }, [server(1, { forwarding: 'tunnel' }), server(2)])
  const verdicts = [50001, 50002].map((sport) => director.send(segment('S', sport)).verdict)
  t.same(verdicts, ['tunnel_tx', 'route_redirect'])
  t.equal(director.send(segment('A', 50001)).verdict, 'tunnel_tx')
  t.equal(director.send(segment('A', 50002)).verdict, 'route_redirect')
})
