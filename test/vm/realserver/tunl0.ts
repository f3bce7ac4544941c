import assert from 'node:assert/strict'
import { describe } from '../../lib/describe-frame.js'
import { xlvsCommand } from '../../lib/director-process.js'
import type { Namespace } from '../../lib/netns.js'
import { ipip } from '../../lib/packet.js'
import type { Workspace } from '../../lib/workspace.js'
import { director, neighbours } from '../compare/plan.js'
import { makeWire, removePlace } from '../compare/subject.js'
import { Wire } from '../compare/wire.js'

const vip = '192.0.2.10'
const client = '198.51.100.9'
const server = { address: '10.0.0.11', mac: '02:00:0a:00:00:0b' }

/**
 * `xlvs realserver --tunnel` where the kernel has ipip: packets come out of tunl0, the real server
 * answers the client itself, and `stop` leaves nothing.
 * @throws AssertionError
 */
export async function checkTunl0(workspace: Workspace): Promise<void> {
  const place = await makeWire(workspace, 'tunl0', server.mac)
  const { namespace } = place
  await namespace.exec('ethtool', ['-K', 'eth0', 'gro', 'on'])
  await namespace.sysctl({ 'net.ipv4.conf.all.rp_filter': 1 })
  await namespace.ip([
    `address add ${server.address}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${neighbours.gateway.address}`,
    `neighbour add ${neighbours.gateway.address} lladdr ${neighbours.gateway.mac} dev eth0 nud permanent`,
  ])
  const wire = new Wire(place.device, server)
  const env = { XLVS_RUNTIME_DIR: workspace.temporaryDirectory('tunl0') }
  const realServer = (...args: string[]) =>
    namespace.exec(xlvsCommand, ['realserver', ...args, '--vip', vip], { env, timeoutMs: 120_000 })
  const before = await snapshot(namespace)

  await realServer('start', '--tunnel')
  const status = await realServer('status')
  assert.match(status, new RegExp(`^ok +address ${vip}/32 on tunl0$`, 'm'))
  assert.doesNotMatch(status, /^missing/m)

  const answer = new RegExp(`\\| ${vip}:81 > ${client}:40000 tcp RA `)
  const replies = (await sendThroughTunnel(wire)).map(describe)
  assert.equal(replies.length, 1, replies.join('\n'))
  assert.match(replies[0] ?? '', answer)

  await realServer('stop')
  assert.deepEqual(await snapshot(namespace), before)
  // The kernel may tell the sender now that it takes no tunnel.
  for (const each of await sendThroughTunnel(wire)) assert.doesNotMatch(describe(each), answer)
  wire.close()
  await removePlace(place)
}

/** What a real server sends because of a SYN to a port of the VIP where nobody listens. */
function sendThroughTunnel(wire: Wire): Promise<Buffer[]> {
  const inner = { ip: { source: client, destination: vip }, tcp: { dport: 81, flags: 'S' } }
  const bytes = ipip({ ip: { source: director.address, destination: server.address } }, inner)
  wire.send([
    { ip: { source: director.address, destination: server.address, protocol: 4 }, payload: bytes.subarray(34) },
  ])
  return wire.flush()
}

/** All that start may change. The module stays loaded, and with it a tunl0 that is down. */
async function snapshot(namespace: Namespace): Promise<unknown> {
  const links = await namespace.ipJson<{ ifname: string; flags: string[]; addr_info: unknown[] }[]>('address')
  const isIdle = ({ flags, addr_info }: (typeof links)[number]) => !flags.includes('UP') && addr_info.length === 0
  return {
    links: links.filter((link) => link.ifname !== 'tunl0' || !isIdle(link)),
    routes: await namespace.ipJson('route', 'show', 'table', 'all'),
    sysctls: await namespace.exec('sysctl', ['all', 'lo', 'eth0'].flatMap(settingsOf)),
  }
}

function settingsOf(device: string): string[] {
  return ['arp_ignore', 'arp_announce', 'rp_filter'].map((name) => `net.ipv4.conf.${device}.${name}`)
}
