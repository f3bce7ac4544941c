import t from 'tap'
import type { Address } from '../../src/core/address.js'
import { systemClock } from '../../src/core/clock.js'
import type { Logger } from '../../src/core/logger.js'
import type { Hop, NextHop } from '../../src/core/next-hop.js'
import { Ip } from '../../src/net/ip.js'
import { kernelNetwork } from '../../src/net/network.js'
import { KernelNextHops } from '../../src/net/next-hops.js'
import { Network, whyNoNamespaces } from '../lib/network.js'
import { waitFor } from '../lib/wait-for.js'
import { Workspace } from '../lib/workspace.js'

const segment = 'lan'
const director = '10.61.0.10'
const rip = '10.61.0.100'
const router = '10.61.0.254'
const farRip = '10.62.0.100'
const newMac = '02:00:00:00:00:99'

const reason = await whyNoNamespaces()

t.test('next hops of a director on an Ethernet segment', { skip: reason ?? false }, async (t) => {
  const workspace = new Workspace()
  t.teardown(() => workspace.close())
  const network = await Network.create(workspace)
  const on = (address: string) => ({ interfaces: [{ segment, address: `${address}/24` }] })
  const [self, server, gateway] = await Promise.all([
    network.host('director', on(director)),
    network.host('rs1', on(rip)),
    network.host('router', on(router)),
  ])

  const warnings: object[] = []
  const ignore = () => {}
  const logger: Logger = { debug: ignore, info: ignore, error: ignore, warn: (fields) => warnings.push(fields) }
  const ip = new Ip(['nsenter', `--net=/run/netns/${self.namespace.name}`, 'ip'])
  const kernel = kernelNetwork(ip, systemClock, logger)
  let looks = 0
  const counted = {
    ...kernel,
    neighbours: () => {
      looks++
      return kernel.neighbours()
    },
  }
  const nextHops = new KernelNextHops(counted, systemClock, logger)
  t.teardown(() => nextHops.close())
  const changes: [string, NextHop][] = []
  nextHops.onChange((rips) => changes.push(...rips.map((rip): [Address, NextHop] => [rip, nextHops.get(rip)])))

  const macTo = (address: string) => (nextHops.get(address) as Hop).destinationMac

  /** Waits, and says how long it took. */
  async function timed(what: string, condition: () => boolean, deadlineMs: number): Promise<void> {
    const startMs = performance.now()
    await waitFor(what, condition, deadlineMs)
    t.comment(`${what}: ${Math.round(performance.now() - startMs)} ms`)
  }

  t.test('a server on the link', async (t) => {
    nextHops.watch(rip)
    await timed('resolved', () => nextHops.get(rip) !== 'unresolved', 2000)
    const { ifindex, ...hop } = nextHops.get(rip) as Hop
    t.strictSame(hop, { sourceMac: self.mac, destinationMac: server.mac, saddr: director, mtu: 1500 })
    const [link] = await self.namespace.ipJson<{ ifindex: number }[]>('link', 'show', 'eth0')
    t.equal(ifindex, link?.ifindex)
  })

  t.test('the own address, and one without a route', async (t) => {
    nextHops.watch(director)
    nextHops.watch(farRip)
    await nextHops.settled()
    t.equal(nextHops.get(director), 'local')
    t.equal(nextHops.get(farRip), 'unresolved')
    t.match(warnings.at(-1), { rip: farRip, reason: 'no route' })
  })

  t.test('a route with a gateway and an MTU comes and goes', async (t) => {
    await self.namespace.ip([`route add 10.62.0.0/24 via ${router} mtu 1400`])
    await timed('route followed', () => nextHops.get(farRip) !== 'unresolved', 2000)
    t.match(nextHops.get(farRip), { destinationMac: gateway.mac, saddr: director, mtu: 1400 })
    await self.namespace.ip([`route change 10.62.0.0/24 via ${rip} mtu 1300`])
    await timed('new gateway followed', () => macTo(farRip) === server.mac, 2000)
    await self.namespace.ip(['route del 10.62.0.0/24'])
    await timed('route gone', () => nextHops.get(farRip) === 'unresolved', 2000)
  })

  t.test('a silent change of MAC', async () => {
    await server.namespace.ip([`link set eth0 address ${newMac}`])
    await timed('new MAC', () => macTo(rip) === newMac, 4000)
  })

  t.test('a server that goes and comes back as another machine', async () => {
    await server.namespace.ip(['link set eth0 down'])
    await timed('gone', () => nextHops.get(rip) === 'unresolved', 10_000)
    await server.namespace.ip([`link set eth0 address ${server.mac}`, 'link set eth0 up'])
    await timed('back', () => macTo(rip) === server.mac, 4000)
  })

  t.test('a permanent entry is never touched', async (t) => {
    await self.namespace.ip([`neigh replace ${rip} dev eth0 lladdr ${newMac} nud permanent`])
    await timed('permanent entry in force', () => macTo(rip) === newMac, 2000)
    const seen = changes.length
    const before = looks
    await waitFor('three more looks', () => looks >= before + 3)
    t.match(await self.namespace.ipJson('neigh', 'show', rip), [{ lladdr: newMac, state: ['PERMANENT'] }])
    t.equal(changes.length, seen)
    await self.namespace.ip([`neigh del ${rip} dev eth0`])
    await timed('asked again when it is deleted', () => macTo(rip) === server.mac, 2000)
  })

  t.test('a flushed table loses nothing', async (t) => {
    const seen = changes.length
    await self.namespace.ip(['neigh flush dev eth0'])
    await waitFor(
      'the entry to be there again',
      async () => (await self.namespace.ipJson<object[]>('neigh', 'show', rip, 'nud', 'reachable')).length > 0,
    )
    t.equal(changes.length, seen)
  })

  t.test('every change was one', (t) => {
    const last = new Map<string, string>()
    for (const [address, hop] of changes) {
      const text = JSON.stringify(hop)
      t.not(text, last.get(address), `${address} ${text}`)
      last.set(address, text)
    }
    t.end()
  })

  t.test('ip monitor is started again, and changes go on', async (t) => {
    const pids = (await self.namespace.try('ip', ['netns', 'pids', self.namespace.name])).stdout
      .split('\n')
      .filter(Boolean)
    for (const pid of pids) {
      const { stdout } = await self.namespace.try('cat', [`/proc/${pid}/cmdline`])
      if (stdout.includes('monitor')) process.kill(Number(pid), 'SIGKILL')
    }
    await waitFor('the end of ip monitor to be noticed', () => warnings.some((fields) => 'restartMs' in fields))
    await self.namespace.ip([`route add 10.62.0.0/24 via ${router}`])
    await timed('route followed', () => nextHops.get(farRip) !== 'unresolved', 4000)
    t.equal(macTo(farRip), gateway.mac)
  })
})
