import t from 'tap'
import { type FrameSpec, frame } from '../lib/packet.js'
import { l2Length, routed } from './director-expected.js'
import { dns, loopback, openDirector, segment, server, wayTo, web } from './director-fixture.js'
import { forwardedSpecs } from './director-shapes.js'

const director = openDirector(t, { sets: 1024 })
const here = wayTo(1, { mtu: 3000 })
const there = wayTo(2, { ifindex: 7, mtu: 3000 })
director.dataplane.setNextHop('10.0.0.1', here)
director.dataplane.setNextHop('10.0.0.2', there)

for (const [name, n, hop, verdict] of [
  ['out where it came in', 1, here, 'route_tx'],
  ['out of another interface', 2, there, 'route_redirect'],
] as const) {
  t.test(`every shape of packet gets new MAC addresses and one hop older, no more: ${name}`, async (t) => {
    director.install(web, [server(n)])
    director.install(dns, [server(n, { rport: 53 })])
    const wrong: { spec: FrameSpec; verdict: string; out: string; expected: string }[] = []
    let sport = n * 10000
    for (const shape of forwardedSpecs(3000)) {
      const { tcp, udp, ...rest } = shape
      const spec = { ...rest, ...(tcp && { tcp: { ...tcp, sport: sport++ } }), ...(udp && { udp: { sport: sport++ } }) }
      const padding = Buffer.alloc(shape.padding, 0xee)
      const data = Buffer.concat([frame(spec), padding])
      const sent = director.send(data)
      const expected = routed(data, hop, l2Length(spec))
      if (sent.verdict !== verdict || !sent.frame.equals(expected)) {
        wrong.push({ spec, verdict: sent.verdict, out: sent.frame.toString('hex'), expected: expected.toString('hex') })
      }
    }
    t.same(wrong.slice(0, 3), [])
    t.ok(sport > n * 10000 + 500, 'all shapes were sent')
  })
}

t.test('a checksum is adjusted rightly whatever it is: all 65,536 of them', async (t) => {
  director.install(web, [server(1)])
  director.send(segment('S'))
  const wrong: number[] = []
  const sums = new Set<number>()
  for (let id = 0; id < 0x10000; id++) {
    const data = segment('A', 40000, { id })
    sums.add(data.readUInt16BE(24))
    if (!director.run(data).data.equals(routed(data, here))) wrong.push(id)
  }
  t.same(wrong, [])
  // A header that is not all zeros never has 0xffff.
  t.equal(sums.size, 0xffff)
  for (const edge of [0xfefe, 0xfeff, 0xff00, 0xfffe, 0]) t.ok(sums.has(edge), edge.toString(16))
})

t.test('a wrong checksum stays as wrong as it was', async (t) => {
  for (const checksum of [0, 0x1234, 0xfeff, 0xffff]) {
    const data = segment('A', 40000, { checksum })
    t.equal(director.send(data).frame.toString('hex'), routed(data, here).toString('hex'))
  }
})

t.test("the way back to the interface that it came in on is the frame's, not the table's", async (t) => {
  const data = segment('A')
  t.equal(director.send(data, loopback).verdict, 'route_tx')
  director.dataplane.setNextHop('10.0.0.1', there)
  t.equal(director.send(data, loopback).verdict, 'route_redirect')
  t.equal(director.send(data).frame.toString('hex'), routed(data, there).toString('hex'))
  director.dataplane.setNextHop('10.0.0.1', here)
})

t.test('a server on the director itself gets its packets untouched', async (t) => {
  director.dataplane.setNextHop('10.0.0.3', 'local')
  director.install(web, [server(3)])
  t.equal(director.send(segment('S', 41000, { ttl: 1 })).verdict, 'pass_local')
  t.same(director.counts(web), { '10.0.0.3': '1/0' })
})
