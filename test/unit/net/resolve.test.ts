import t from 'tap'
import type { Link } from '../../../src/net/links.js'
import { nextHopOf, sameNextHop, wayOf } from '../../../src/net/resolve.js'
import type { Route } from '../../../src/net/routes.js'

const rip = '10.1.0.11'
const eth0: Link = { name: 'eth0', ifindex: 2, mtu: 1500, up: true, mac: '02:00:00:00:00:01' }
const links = new Map<string, Link>([
  ['eth0', eth0],
  ['tun0', { name: 'tun0', ifindex: 3, mtu: 1480, up: true }],
])
const onLink: Route = { destination: rip, type: 'unicast', dev: 'eth0', source: '10.1.0.1', foreignGateway: false }
const hop = { ifindex: 2, sourceMac: '02:00:00:00:00:01', saddr: '10.1.0.1', mtu: 1500 }

const found: [string, Route, object][] = [
  ['on the link', onLink, { key: { dev: 'eth0', address: rip }, hop }],
  ['behind a router', { ...onLink, gateway: '10.1.0.254' }, { key: { dev: 'eth0', address: '10.1.0.254' }, hop }],
  ['route with an MTU', { ...onLink, mtu: 1400 }, { hop: { ...hop, mtu: 1400 } }],
  ['route MTU above the link', { ...onLink, mtu: 9000 }, { hop }],
]
for (const [title, route, expected] of found) {
  t.test(title, (t) => {
    t.match(wayOf(rip, route, links), { type: 'neighbour', ...expected })
    t.end()
  })
}

const nowhere: [string, Route | undefined, RegExp][] = [
  ['no route', undefined, /^no route$/],
  ['broadcast', { ...onLink, type: 'broadcast' }, /type broadcast/],
  ['IPv6 gateway', { ...onLink, foreignGateway: true }, /no IPv4 address/],
  ['tunnel', { ...onLink, dev: 'tun0' }, /tun0 has no MAC address/],
  ['interface that has gone', { ...onLink, dev: 'eth7' }, /eth7 has just gone/],
  [
    'interface without an address',
    { destination: rip, type: 'unicast', dev: 'eth0', foreignGateway: false },
    /eth0 has no address to send from/,
  ],
]
for (const [title, route, reason] of nowhere) {
  t.test(title, (t) => {
    const way = wayOf(rip, route, links)
    t.match(way, { type: 'none', reason })
    t.equal(nextHopOf(way, 'ff:ff:ff:ff:ff:ff'), 'unresolved')
    t.end()
  })
}

t.test('a local address needs no neighbour', (t) => {
  t.equal(nextHopOf(wayOf(rip, { ...onLink, type: 'local' }, links), undefined), 'local')
  t.end()
})

t.test('a way without a MAC address is unresolved', (t) => {
  const way = wayOf(rip, onLink, links)
  t.equal(nextHopOf(way, undefined), 'unresolved')
  t.strictSame(nextHopOf(way, '02:00:00:00:00:0a'), { ...hop, destinationMac: '02:00:00:00:00:0a' })
  t.end()
})

t.test('ways are the same when every field is', (t) => {
  const one = { ...hop, destinationMac: '02:00:00:00:00:0a' }
  t.ok(sameNextHop(one, { ...one }))
  t.ok(sameNextHop('local', 'local'))
  t.notOk(sameNextHop(one, 'local'))
  for (const [field, value] of Object.entries(one)) {
    const other = { ...one, [field]: typeof value === 'number' ? value + 1 : `${value}0` }
    t.notOk(sameNextHop(one, other), field)
  }
  t.end()
})
