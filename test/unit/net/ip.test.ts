import t from 'tap'
import { Ip } from '../../../src/net/ip.js'
import { findLink, readLinks } from '../../../src/net/links.js'
import { parseEvent } from '../../../src/net/monitor.js'
import { applyActions, readNeighbours } from '../../../src/net/neighbours.js'
import { readRoutes } from '../../../src/net/routes.js'

/** An `ip` that is a line of shell; it sees the arguments as "$@". */
const shell = (script: string) => new Ip(['sh', '-c', script, 'ip'])
const printing = (text: string) => shell(`cat <<'END'\n${text}\nEND`)

t.test('a failing ip is told in its own words', async (t) => {
  await t.rejects(shell('echo "Object \\"x\\" is unknown" >&2; exit 255').query('x'), {
    code: 'INTERNAL',
    message: 'ip x: exit status 255: Object "x" is unknown',
    details: { status: 255 },
  })
  await t.rejects(printing('no JSON').query('link'), { message: 'ip link: printed no JSON', cause: SyntaxError })
  await t.rejects(new Ip(['/nonexistent/ip']).query('link'), {
    message: /cannot be run/,
    cause: { code: 'ENOENT' },
  })
})

t.test('empty results', async (t) => {
  for (const nothing of ['', '[]', '[{}]']) {
    t.strictSame(await printing(nothing).query('neigh', 'show'), [], `'${nothing}'`)
  }
})

t.test('links: only Ethernet-like ones have a MAC', async (t) => {
  const rows = [
    { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP'], mtu: 65536, link_type: 'loopback', address: '00:00' },
    { ifindex: 2, ifname: 'eth0', flags: ['BROADCAST'], mtu: 1500, link_type: 'ether', address: '02:00:00:00:00:01' },
    { ifindex: 3, ifname: 'gre1', flags: ['UP'], mtu: 1476, link_type: 'gre', address: '192.0.2.1' },
  ]
  const links = await readLinks(printing(JSON.stringify(rows)))
  t.strictSame(links, [
    { name: 'lo', ifindex: 1, mtu: 65536, up: true },
    { name: 'eth0', ifindex: 2, mtu: 1500, up: false, mac: '02:00:00:00:00:01' },
    { name: 'gre1', ifindex: 3, mtu: 1476, up: true },
  ])
  t.equal(findLink(links, 'eth0', '--interface').ifindex, 2)
  t.throws(() => findLink(links, 'eth9', '--interface'), {
    code: 'INVALID',
    message: "--interface: there is no interface 'eth9' (there are: lo, eth0, gre1)",
  })
})

t.test('routes: one query a line, refused ones are absent', async (t) => {
  const asked = '[{"dst":"10.0.0.11","gateway":"10.9.0.3","dev":"eth0","prefsrc":"10.9.0.1","metrics":[{"mtu":1400}]}]'
  const own = '[{"type":"local","dst":"10.9.0.1","dev":"lo","prefsrc":"10.9.0.1","metrics":[]}]'
  const sixth = '[{"dst":"10.0.0.12","via":{"family":"inet6","host":"fe80::1"},"dev":"eth0"}]'
  const ip = shell(`[ "$(wc -l)" = 4 ] && printf '%s\\n' '${asked}' '' '${own}' '${sixth}'; exit 1`)
  const routes = await readRoutes(ip, ['10.0.0.11', '10.9.0.1', '10.0.0.12', '1.2.3.4'])
  t.strictSame(routes.get('10.0.0.11'), {
    destination: '10.0.0.11',
    type: 'unicast',
    dev: 'eth0',
    foreignGateway: false,
    gateway: '10.9.0.3',
    source: '10.9.0.1',
    mtu: 1400,
  })
  t.equal(routes.get('10.9.0.1')?.type, 'local')
  t.equal(routes.get('10.0.0.12')?.foreignGateway, true)
  t.notOk(routes.has('1.2.3.4'))
})

t.test('neighbours', async (t) => {
  const rows = [
    { dst: '10.0.0.2', dev: 'eth0', lladdr: '02:00:00:00:00:02', state: ['STALE'] },
    { dst: '10.0.0.3', dev: 'eth0', state: ['INCOMPLETE'] },
    { dst: '10.0.0.4', dev: 'eth0' },
  ]
  t.strictSame(
    [...(await readNeighbours(printing(JSON.stringify(rows))))],
    [
      ['10.0.0.2 dev eth0', { dev: 'eth0', address: '10.0.0.2', state: 'STALE', mac: '02:00:00:00:00:02' }],
      ['10.0.0.3 dev eth0', { dev: 'eth0', address: '10.0.0.3', state: 'INCOMPLETE' }],
      ['10.0.0.4 dev eth0', { dev: 'eth0', address: '10.0.0.4', state: 'NONE' }],
    ],
  )
})

t.test('actions: those that a full table refuses come last', async (t) => {
  const key = (address: string) => ({ dev: 'eth0', address })
  const lines = await applyActions(shell('cat >&2'), [
    { type: 'ask', key: key('10.0.0.1') },
    { type: 'ask-anew', key: key('10.0.0.2') },
    { type: 'probe', key: key('10.0.0.3'), mac: '02:00:00:00:00:03' },
  ])
  t.strictSame(lines.split('\n'), [
    'neigh replace 10.0.0.2 dev eth0 nud failed',
    'neigh replace 10.0.0.2 dev eth0 use',
    'neigh replace 10.0.0.3 dev eth0 lladdr 02:00:00:00:00:03 nud probe',
    'neigh replace 10.0.0.1 dev eth0 use',
  ])
})

const key = '10.9.0.2 dev v0'
const events: [string, object | undefined][] = [
  ['[NEIGH]10.9.0.2 dev v0 lladdr 02:00:00:00:00:99 REACHABLE ', { type: 'neighbour', key, mac: '02:00:00:00:00:99' }],
  ['[NEIGH]10.9.0.2 dev v0 lladdr 02:00:00:00:00:99 router STALE ', { key, mac: '02:00:00:00:00:99' }],
  ['[NEIGH]10.9.0.2 dev v0 FAILED ', { type: 'neighbour', key, mac: undefined }],
  ['[NEIGH]Deleted 10.9.0.2 dev v0 lladdr 02:00:00:00:00:99 REACHABLE ', { key, mac: undefined }],
  ['[NEIGH]something of a later version', undefined],
  ['[ROUTE]10.8.0.0/24 via 10.9.0.3 dev v0 mtu 1400 ', { type: 'routes' }],
  ['[LINK]2: v0@if2: <BROADCAST,UP> mtu 1500 \\    link/ether be:c1:50:84:49:82', { type: 'routes' }],
  ['[ADDR]4: tun0    inet 10.77.0.1/24 scope global tun0', { type: 'routes' }],
]
for (const [line, expected] of events) {
  t.test(line, (t) => {
    if (expected) t.match(parseEvent(line), expected)
    else t.equal(parseEvent(line), undefined)
    t.end()
  })
}
