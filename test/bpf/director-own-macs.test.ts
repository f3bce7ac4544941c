import t from 'tap'
import { frame } from '../lib/packet.js'
import { openDirector, server, web } from './director-fixture.js'

const own = '02:00:00:00:00:02'
const other = '02:00:00:00:00:03'
const broadcast = 'ff:ff:ff:ff:ff:ff'
const virtual = '00:00:5e:00:01:33'

/** One more than there is room for. */
const many = Array.from({ length: 9 }, (_, i) => `02:00:00:00:01:0${i}`)

const cases: readonly { macs: readonly string[]; destination: string; verdict: string; why: string }[] = [
  { macs: [], destination: other, verdict: 'route_tx', why: 'nothing is known of addresses yet' },
  { macs: [own], destination: own, verdict: 'route_tx', why: 'for us' },
  { macs: [own], destination: other, verdict: 'pass_other_host', why: 'flooded by a bridge' },
  { macs: [own], destination: '02:00:00:00:01:02', verdict: 'pass_other_host', why: 'one of the upper bytes differs' },
  { macs: [own], destination: '02:00:00:00:00:82', verdict: 'pass_other_host', why: 'the last byte differs' },
  { macs: [own], destination: broadcast, verdict: 'pass_other_host', why: 'no PACKET_HOST either' },
  { macs: [], destination: broadcast, verdict: 'pass_other_host', why: 'whatever is known' },
  { macs: [own, virtual], destination: virtual, verdict: 'route_tx', why: 'the address of a macvlan' },
  { macs: many.slice(0, 8), destination: '02:00:00:00:01:07', verdict: 'route_tx', why: 'the last that finds room' },
  { macs: many, destination: other, verdict: 'route_tx', why: 'more than find room: all frames are taken' },
]

for (const { macs, destination, verdict, why } of cases) {
  t.test(`${destination} where [${macs}] are ours: ${why}`, async (t) => {
    const director = openDirector(t)
    director.install(web, [server(1)])
    director.dataplane.setOwnMacs(macs)
    t.equal(director.send(frame({ ethernet: { destination }, tcp: { flags: 'S' } })).verdict, verdict)
    t.equal(director.dataplane.stats().connections.inUse, verdict === 'route_tx' ? 1 : 0)
  })
}

t.test('addresses are believed for 15 seconds without a word from the daemon', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  director.dataplane.setOwnMacs([own])
  const verdict = () => director.send(frame({ ethernet: { destination: other }, tcp: { flags: 'S' } })).verdict
  director.advance(14)
  t.equal(verdict(), 'pass_other_host')
  director.dataplane.collect()
  director.advance(14)
  t.equal(verdict(), 'pass_other_host')
  director.advance(2)
  t.equal(verdict(), 'route_tx')
})

t.test('a fragment for another host is not dropped', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  director.dataplane.setOwnMacs([own])
  const fragment = (destination: string) => frame({ ethernet: { destination }, ip: { mf: true }, tcp: {} })
  t.equal(director.send(fragment(own)).verdict, 'drop_fragment')
  t.equal(director.send(fragment(other)).verdict, 'pass_other_host')
})
