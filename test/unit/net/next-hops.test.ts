import t from 'tap'
import type { NextHop } from '../../../src/core/next-hop.js'
import { KernelNextHops } from '../../../src/net/next-hops.js'
import { FakeNetwork } from '../../lib/fake-network.js'
import { ManualClock } from '../../lib/manual-clock.js'

const A = '02:00:00:00:00:0a'
const B = '02:00:00:00:00:0b'
const rip = '10.0.0.11'

function start() {
  const network = new FakeNetwork()
  const clock = new ManualClock()
  const warnings: object[] = []
  const ignore = () => {}
  const logger = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => warnings.push(fields) }
  const nextHops = new KernelNextHops(network, clock, logger, ['eth0'])
  const changes: [string, string][] = []
  nextHops.onChange((rips) =>
    changes.push(...rips.map((rip): [string, ReturnType<typeof brief>] => [rip, brief(nextHops.get(rip))])),
  )
  return { network, clock, warnings, nextHops, changes }
}

function brief(hop: NextHop): string {
  return typeof hop === 'string' ? hop : hop.destinationMac
}

t.test('an address that answers is resolved within its first look', async (t) => {
  const { network, clock, nextHops, changes } = start()
  network.hosts.set(rip, A)
  nextHops.watch(rip)
  nextHops.watch(rip)
  t.equal(nextHops.get(rip), 'unresolved')
  const settled = nextHops.settled()
  await clock.advance(0)
  await settled
  t.strictSame(nextHops.get(rip), {
    ifindex: 2,
    sourceMac: '02:00:00:00:00:01',
    destinationMac: A,
    saddr: '10.0.0.1',
    mtu: 1500,
  })
  await clock.advance(60_000)
  t.strictSame(changes, [[rip, A]], 'reported once')
})

t.test("hardware addresses: the interface's and those of devices on it, told once each", async (t) => {
  const { network, clock, nextHops } = start()
  const told: string[] = []
  nextHops.onOwnMacs((macs) => told.push(macs.join(' ')))
  nextHops.watch('10.0.0.1')
  await clock.advance(30_000)
  t.strictSame(told, ['02:00:00:00:00:01'])
  network.furtherLinks = [
    { name: 'vrrp.51', ifindex: 3, mtu: 1500, up: true, mac: '00:00:5e:00:01:33', parent: 'eth0' },
    { name: 'eth0.7', ifindex: 4, mtu: 1500, up: true, mac: '02:00:00:00:00:01', parent: 'eth0' },
    { name: 'eth1', ifindex: 5, mtu: 1500, up: true, mac: '02:00:00:00:00:99' },
    { name: 'tun0', ifindex: 6, mtu: 1500, up: true, parent: 'eth0' },
  ]
  await clock.advance(30_000)
  t.strictSame(told, ['02:00:00:00:00:01', '00:00:5e:00:01:33 02:00:00:00:00:01'])
})

t.test('settled waits for no more than the first look', async (t) => {
  const { network, clock, nextHops, changes } = start()
  await nextHops.settled()
  network.unreachable.add('10.0.0.12')
  for (const address of ['10.0.0.1', rip, '10.0.0.12']) nextHops.watch(address)
  const settled = nextHops.settled()
  await clock.advance(0)
  await settled
  t.strictSame(changes, [['10.0.0.1', 'local']])
  t.equal(nextHops.get(rip), 'unresolved')
})

t.test('a thousand addresses cost no more processes than one', async (t) => {
  const { network, clock, nextHops } = start()
  for (let i = 0; i < 1000; i++) {
    const address = `10.0.${4 + (i >> 8)}.${i & 255}`
    network.hosts.set(address, A)
    nextHops.watch(address)
  }
  await clock.advance(0)
  t.strictSame(network.calls, { links: 1, routes: 1, neighbours: 2, apply: 2 })
  await clock.advance(9000)
  t.strictSame(network.calls, { links: 1, routes: 1, neighbours: 14, apply: 14 })
  await clock.advance(1500)
  t.equal(network.calls.routes, 2, 'routes are read again, in case an event was lost')
})

t.test('a silent change of MAC is found, and the old way stays until then', async (t) => {
  const { network, clock, nextHops, changes } = start()
  network.hosts.set(rip, A)
  nextHops.watch(rip)
  await clock.advance(5000)
  network.hosts.set(rip, B)
  await clock.advance(2300)
  t.strictSame(changes, [
    [rip, A],
    [rip, B],
  ])
})

t.test('a host that goes is unresolved, and resolved when it is back', async (t) => {
  const { network, clock, nextHops, changes } = start()
  network.hosts.set(rip, A)
  nextHops.watch(rip)
  await clock.advance(1000)
  network.hosts.delete(rip)
  await clock.advance(5000)
  network.hosts.set(rip, A)
  await clock.advance(1600)
  t.strictSame(changes, [
    [rip, A],
    [rip, 'unresolved'],
    [rip, A],
  ])
})

t.test('events are acted on without waiting for the next look', async (t) => {
  const { network, clock, nextHops, changes } = start()
  network.hosts.set(rip, A).set('10.0.0.254', B)
  nextHops.watch(rip)
  await clock.advance(100)
  network.gateways.set(rip, '10.0.0.254')
  for (let i = 0; i < 10; i++) network.tell({ type: 'routes' })
  await clock.advance(100)
  t.strictSame(changes.at(-1), [rip, B], 'no moment without a way in between')
  t.equal(changes.length, 2)
  t.equal(network.calls.routes, 2, 'a burst costs one look')

  const looks = network.calls.neighbours
  network.tell({ type: 'neighbour', key: '10.0.0.254 dev eth0', mac: B })
  network.tell({ type: 'neighbour', key: '10.0.0.77 dev eth0', mac: A })
  await clock.advance(100)
  t.equal(network.calls.neighbours, looks, 'what is known already and what is not watched cost nothing')

  network.table.set('10.0.0.254 dev eth0', { dev: 'eth0', address: '10.0.0.254', state: 'REACHABLE', mac: A })
  network.tell({ type: 'neighbour', key: '10.0.0.254 dev eth0', mac: A })
  await clock.advance(100)
  t.strictSame(changes.at(-1), [rip, A])
})

t.test('what is no longer watched is not reported and costs nothing', async (t) => {
  const { network, clock, nextHops, changes } = start()
  nextHops.watch(rip)
  await clock.advance(0)
  nextHops.unwatch(rip)
  nextHops.unwatch(rip)
  network.hosts.set(rip, A)
  network.tell({ type: 'routes' })
  const calls = { ...network.calls }
  await clock.advance(60_000)
  t.strictSame(changes, [])
  t.equal(nextHops.get(rip), 'unresolved')
  t.strictSame(
    network.calls,
    { ...calls, links: calls.links + 1 },
    'but for a look at hardware addresses after the event',
  )
})

t.test('the way to an address that is watched again is known at once', async (t) => {
  const { network, clock, nextHops, changes } = start()
  network.hosts.set(rip, A)
  nextHops.watch(rip)
  await clock.advance(0)
  nextHops.unwatch(rip)
  t.equal(nextHops.get(rip), 'unresolved')
  network.hosts.set(rip, B)
  const before = changes.length
  await clock.advance(5000)
  t.equal(changes.length, before, 'nobody is told meanwhile')
  nextHops.watch(rip)
  t.match(nextHops.get(rip), { destinationMac: B })
  await nextHops.settled()
})

t.test('an address that nobody watches is forgotten', async (t) => {
  const { network, clock, nextHops } = start()
  const watchedAgain = async (then: () => Promise<void>) => {
    network.hosts.set(rip, A)
    nextHops.watch(rip)
    await clock.advance(6000)
    t.match(nextHops.get(rip), { destinationMac: A })
    nextHops.unwatch(rip)
    await then()
    nextHops.watch(rip)
    const hop = nextHops.get(rip)
    nextHops.unwatch(rip)
    return hop
  }
  t.equal(await watchedAgain(() => clock.advance(3_601_000)), 'unresolved', 'after an hour')
  const silence = async () => {
    network.hosts.delete(rip)
    network.table.clear()
    await clock.advance(10_000)
    network.hosts.set(rip, A)
  }
  t.equal(await watchedAgain(silence), 'unresolved', 'when it does not answer')
  const others = async () => {
    for (let i = 0; i < 1024; i++) {
      const other = `10.0.${1 + (i >> 8)}.${i & 0xff}`
      network.hosts.set(other, B)
      nextHops.watch(other)
    }
    await clock.advance(6000)
    for (const other of network.hosts.keys()) if (other !== rip) nextHops.unwatch(other)
  }
  t.equal(await watchedAgain(others), 'unresolved', 'when many more were given up since')
})

t.test('thousands of addresses that come one by one cost no process each', async (t) => {
  const { network, clock, nextHops } = start()
  network.delay = () => new Promise((resolve) => clock.after(20, resolve))
  for (let i = 0; i < 2000; i++) {
    const address = `10.0.${1 + (i >> 8)}.${i & 0xff}`
    network.hosts.set(address, A)
    nextHops.watch(address)
    await clock.advance(1)
  }
  t.ok(network.calls.routes > 10 && network.calls.routes < 60, `${network.calls.routes} looks`)
  const settled = nextHops.settled()
  await clock.advance(1000)
  await settled
})

t.test('a failure is logged and tried again', async (t) => {
  const { network, clock, nextHops, changes, warnings } = start()
  network.failure = new Error('no such command')
  network.hosts.set(rip, A)
  nextHops.watch(rip)
  let settled = false
  void nextHops.settled().then(() => {
    settled = true
  })
  await clock.advance(100)
  t.match(warnings, [{ err: network.failure }])
  t.notOk(settled)
  network.failure = undefined
  await clock.advance(1000)
  t.ok(settled)
  t.strictSame(changes, [[rip, A]])
})

t.test('what stays wrong is logged once', async (t) => {
  const { network, clock, nextHops, warnings } = start()
  network.unreachable.add('10.0.0.12')
  network.refusal = 'RTNETLINK answers: No buffer space available'
  nextHops.watch('10.0.0.12')
  nextHops.watch(rip)
  await clock.advance(30_000)
  t.strictSame(warnings, [{ rip: '10.0.0.12', reason: 'no route' }, { refused: network.refusal }])
})

t.test('after close nothing runs', async (t) => {
  const { network, clock, nextHops } = start()
  nextHops.watch(rip)
  await clock.advance(0)
  await nextHops.close()
  const calls = { ...network.calls }
  nextHops.watch('10.0.0.12')
  await clock.advance(60_000)
  t.ok(network.closed)
  t.strictSame(network.calls, calls)
})
