import type { Test } from 'tap'
import { answers } from '../lib/answers.js'
import { healthCheck, type VirtualServerText, virtualServer } from '../lib/checks-conf.js'
import { type CheckedServerName, type ChecksLab, ripOf, startChecks, vip, vips } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { realIpvsadm } from '../lib/ipvs-client.js'
import { parseServices } from '../lib/ipvsadm-output.js'
import { portName } from '../lib/network.js'
import type { Background } from '../lib/process.js'
import { sameListings } from '../lib/same-listings.js'
import { listed, type Weights, weightsAre } from '../lib/service-weights.js'

const groupPort = 8001
const portGroup = [8002, 8003] as const

/** What each scheduler makes of weights 3 and 1 and of 40 requests, one after the other. */
const schedulers = [
  { algo: 'rr', port: 8011, share: { server1: 20, server2: 20 } },
  { algo: 'wrr', port: 8012, share: { server1: 30, server2: 10 } },
  { algo: 'lc', port: 8013, share: { server1: 20, server2: 20 } },
  { algo: 'wlc', port: 8014, share: { server1: 30, server2: 10 } },
] as const
/** lc and wlc begin with the newest server, and count requests of before. */
const tolerance = 1

interface Mixture {
  readonly name: string
  readonly port: number
  readonly kind: 'DR' | 'TUN'
  readonly servers: readonly { readonly name: CheckedServerName; readonly lines?: string }[]
  readonly forward: Readonly<Partial<Record<CheckedServerName, 'Route' | 'Tunnel'>>>
}

const mixtures: readonly Mixture[] = [
  {
    name: 'lb_kind TUN',
    port: 8021,
    kind: 'TUN',
    servers: [{ name: 'server2' }, { name: 'server3' }],
    forward: { server2: 'Tunnel', server3: 'Tunnel' },
  },
  {
    name: 'lb_kind DR, with lvs_method TUN for one real server',
    port: 8022,
    kind: 'DR',
    servers: [{ name: 'server1' }, { name: 'server3', lines: 'lvs_method TUN' }],
    forward: { server1: 'Route', server3: 'Tunnel' },
  },
]

const ports = [groupPort, ...portGroup, ...[...schedulers, ...mixtures].map(({ port }) => port)]

await checksTest(
  'groups, schedulers and forwarding methods',
  { ports: { plain: ports }, tunnelled: ['server2', 'server3'] },
  async (t, lab) => {
    for (const server of Object.values(lab.servers)) server.report('web')
    await startChecks(lab, conf(lab))

    t.match(await realIpvsadm(lab.xlvs, '-Ln --timeout'), /: 600 60 100$/m, 'lvs_timeouts')
    await t.test('schedulers', (t) => schedulersHold(t, lab))
    await t.test('a group of addresses and a group of ports', async (t) => {
      await groupsHold(t, lab, { server1: 1, server2: 1 })
      lab.servers.server1.retract('web')
      await groupsHold(t, lab, { server2: 1 })
      lab.servers.server1.report('web')
      await groupsHold(t, lab, { server1: 1, server2: 1 })
    })
    for (const mixture of mixtures) await t.test(mixture.name, (t) => mixtureHolds(t, lab, mixture))
    await sameListings(t, lab)
  },
)

async function schedulersHold(t: Test, lab: ChecksLab): Promise<void> {
  const services = parseServices(await realIpvsadm(lab.xlvs, '-Ln'))
  for (const { algo, port, share } of schedulers) {
    await weightsAre(lab, `TCP ${vip}:${port}`, { server1: 3, server2: 1 })
    t.equal(services.find(({ name }) => name === `TCP ${vip}:${port}`)?.scheduler, algo)
    const seen = await answers(lab.client.namespace, `http://${vip}:${port}/`, 40)
    for (const name of ['server1', 'server2'] as const) {
      const difference = Math.abs((seen[name] ?? 0) - share[name])
      t.ok(difference <= tolerance, `${algo}: ${seen[name]} of 40 for ${name}, ${share[name]} expected`)
    }
  }
}

async function groupsHold(t: Test, lab: ChecksLab, rotation: Weights): Promise<void> {
  const members = [
    ...vips.map((address) => [address, groupPort] as const),
    ...portGroup.map((port) => [vip, port] as const),
  ]
  for (const [address, port] of members) {
    await weightsAre(lab, `TCP ${address}:${port}`, rotation)
    await answersEach(t, lab, `${address}:${port}`, Object.keys(rotation))
  }
}

async function mixtureHolds(t: Test, lab: ChecksLab, { port, servers, forward }: Mixture): Promise<void> {
  const service = `TCP ${vip}:${port}`
  const names = servers.map(({ name }) => name)
  const all = Object.fromEntries(names.map((name) => [name, 1]))
  await weightsAre(lab, service, all)
  const methods = ((await listed(lab, service)) ?? []).map(({ rip, forward }) => [rip, forward])
  t.strictSame(methods, names.map((name) => [ripOf(lab, name), forward[name]]).sort(), 'forwarding methods')
  const wires = await Promise.all(names.map((name) => tunnelOf(lab, name)))
  await answersEach(t, lab, `${vip}:${port}`, names)
  for (const [i, name] of names.entries()) {
    if (forward[name] === 'Tunnel') await wires[i]?.says(new RegExp(`${vip}\\.${port}:`))
    else t.notMatch(wires[i]?.stdout, vip, 'nothing but what is said to be tunnelled is')
  }

  const [first = 'server1', second = 'server2'] = names
  lab.servers[second].retract('web')
  await weightsAre(lab, service, { [first]: 1 })
  await answersEach(t, lab, `${vip}:${port}`, [first])
  lab.servers[second].report('web')
  await weightsAre(lab, service, all)
  await answersEach(t, lab, `${vip}:${port}`, names)
}

/** Prints the packets in packets that come to a real server. */
async function tunnelOf({ network }: ChecksLab, name: CheckedServerName): Promise<Background> {
  const args = ['-l', '-n', '--immediate-mode', '-i', portName(name), 'ip proto 4']
  const tcpdump = network.ethernetSwitch.spawn('tcpdump', args)
  await tcpdump.says(/listening on/)
  return tcpdump
}

/** Six requests for each server, which it gets. */
async function answersEach(t: Test, lab: ChecksLab, address: string, names: readonly string[]): Promise<void> {
  const seen = await answers(lab.client.namespace, `http://${address}/`, 6 * names.length)
  t.strictSame(seen, Object.fromEntries(names.map((name) => [name, 6])), `${address}: ${names.join(' and ')}`)
}

function conf(lab: ChecksLab): string {
  const server = (name: CheckedServerName, port: number, more: { weight?: number; lines?: string } = {}) => ({
    rip: ripOf(lab, name),
    weight: more.weight ?? 1,
    lines: `${healthCheck('web', port)}\n ${more.lines ?? ''}`,
  })
  const group = (of: string, port: number) =>
    virtualServer({ of: `group ${of}`, port, servers: [server('server1', port), server('server2', port)] })
  const blocks: readonly (string | VirtualServerText)[] = [
    'global_defs {\n lvs_timeouts tcp 600 tcpfin 60 udp 100\n}\n',
    `virtual_server_group addresses {\n ${vips[0]} ${groupPort}\n ${vips[1]}-102 ${groupPort}\n}\n`,
    group('addresses', groupPort),
    `virtual_server_group ports {\n ${portGroup.map((port) => `${vip} ${port}`).join('\n ')}\n}\n`,
    group('ports', portGroup[0]),
    ...schedulers.map(({ algo, port }) => ({
      of: `${vip} ${port}`,
      port,
      algo,
      servers: [server('server1', port, { weight: 3 }), server('server2', port)],
    })),
    ...mixtures.map(({ port, kind, servers }) => ({
      of: `${vip} ${port}`,
      port,
      kind,
      servers: servers.map(({ name, lines = '' }) => server(name, port, { lines })),
    })),
  ]
  return blocks.map((block) => (typeof block === 'string' ? block : virtualServer(block))).join('')
}
