/**
 * The daemon is killed after every single write of an operation, in the middle of structs too. The
 * next one adopts what is in the maps, and must find each service as it was before the operation or
 * as it is after it.
 */
import t from 'tap'
import type { Command } from '../../src/api/protocol.js'
import { killedAfter } from '../lib/crash.js'
import { MapSnapshot } from '../lib/map-snapshot.js'
import { allowedCpus, pinToCpu } from '../lib/pin-to-cpu.js'
import {
  again,
  contradictions,
  droppedTooMuch,
  endConnections,
  halfWritten,
  keyOf,
  leftOver,
  neitherNor,
  packetsFare,
  start,
  stateOf,
  type Ways,
  type World,
} from './director-crash-world.js'
import { datagram, dns, forgetRemoved, openDirector, segment, server, wayTo, web } from './director-fixture.js'

const otherVip = '192.0.2.11'
const other = { ...web, vip: otherVip }
/** A service to whose servers, 6 and 7, no way is known. */
const lost = { ...dns, vip: '192.0.2.12' }
/** Nothing in it is as in the other ways. */
const another = wayTo(9, { destinationMac: '06:11:22:33:44:55', sourceMac: '06:66:77:88:99:aa', mtu: 900 })
const ways: Ways = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [server(n).rip, wayTo(n)]))

interface Case {
  readonly name: string
  /** Done before the operation; no crash in it. */
  readonly given?: (world: World) => void
  readonly operation: (world: World) => void
  /** The network, if it is not always the same. */
  readonly waysBefore?: Ways
  readonly waysAfter?: Ways
  /** The next start is killed as well, after every single write; it is the third that must find all right. */
  readonly startsToo?: boolean
}

function commands(...list: readonly Command[]): (world: World) => void {
  return ({ director }) => {
    for (const command of list) director.execute(command)
  }
}

const toWeb = keyOf(web)
const toLost = keyOf(lost)

const cases: readonly Case[] = [
  {
    name: 'a new service',
    operation: commands({ type: 'add-service', service: { ...web, vip: otherVip, vport: 443 } }),
  },
  {
    name: 'a new service, of which servers are left',
    given: commands({ type: 'delete-service', key: toWeb }),
    operation: commands({ type: 'add-service', service: web }),
  },
  {
    name: 'a new service with the id of one that had traffic',
    given: (world) => {
      commands({ type: 'zero' }, { type: 'delete-service', key: toWeb })(world)
      world.bpf.advance(1)
    },
    operation: commands({ type: 'add-service', service: { ...web, vport: 443 } }),
  },
  {
    name: 'a new service with servers at once, as a failed -C puts it back',
    given: commands({ type: 'delete-service', key: toWeb }),
    operation: ({ bpf }) => {
      bpf.dataplane.setNextHop(server(5).rip, wayTo(5))
      bpf.install(web, [server(5), server(2), server(1)])
    },
  },
  { name: 'another scheduler', operation: commands({ type: 'edit-service', service: { ...web, scheduler: 'wlc' } }) },
  { name: 'a new server', operation: commands({ type: 'add-server', key: toWeb, server: server(5) }) },
  {
    name: 'a server to an empty service',
    operation: commands({ type: 'add-server', key: keyOf(other), server: server(5) }),
  },
  { name: 'a server that comes back', operation: commands({ type: 'add-server', key: toWeb, server: server(4) }) },
  {
    name: 'another weight',
    operation: commands({ type: 'edit-server', key: toWeb, server: server(2, { weight: 7 }) }),
  },
  {
    name: 'another forwarding method',
    operation: commands({ type: 'edit-server', key: toWeb, server: server(2, { forwarding: 'tunnel', weight: 2 }) }),
  },
  { name: 'a server less', operation: commands({ type: 'delete-server', key: toWeb, server: server(2) }) },
  { name: 'a service less', operation: commands({ type: 'delete-service', key: toWeb }), startsToo: true },
  { name: 'the only service of an address less', operation: commands({ type: 'delete-service', key: keyOf(other) }) },
  { name: 'no services at all', operation: commands({ type: 'flush' }) },
  ...[1, 0].flatMap((weight) => {
    const lostServer = (n: number) => server(n, { rport: 53, weight })
    const given = commands({ type: 'edit-server', key: toLost, server: server(6, { rport: 53, weight: 1 - weight }) })
    const named = `server without a way, of weight ${weight}`
    return [
      {
        name: `another weight: a ${named}`,
        given,
        operation: commands({ type: 'edit-server', key: toLost, server: lostServer(6) }),
      },
      {
        name: `one more: a ${named}`,
        given,
        operation: commands({ type: 'add-server', key: toLost, server: lostServer(7) }),
      },
      {
        name: `one less: a ${named}`,
        given: commands({ type: 'edit-server', key: toLost, server: lostServer(6) }),
        operation: commands({ type: 'delete-server', key: toLost, server: lostServer(6) }),
      },
    ]
  }),
  {
    name: 'a way to a server that had none',
    operation: ({ nextHops }) => nextHops.set(server(6).rip, wayTo(6)),
    waysAfter: { ...ways, [server(6).rip]: wayTo(6) },
  },
  { name: '-Z of one service', operation: commands({ type: 'zero', key: toWeb }) },
  { name: '-Z of all', operation: commands({ type: 'zero' }) },
  {
    name: 'a removed server is let go',
    startsToo: true,
    given: ({ bpf }) => endConnections(bpf),
    operation: ({ bpf }) => forgetRemoved(bpf),
  },
  ...(['local', 'unresolved', another] as const).map((hop) => ({
    name: `a next hop that becomes ${typeof hop === 'string' ? hop : 'another'}`,
    operation: ({ nextHops }: World) => nextHops.set('10.0.0.1', hop),
    waysAfter: { ...ways, '10.0.0.1': hop },
  })),
  {
    name: 'a next hop that was local',
    waysBefore: { ...ways, '10.0.0.1': 'local' },
    operation: ({ nextHops }) => nextHops.set('10.0.0.1', wayTo(1)),
  },
]

/** Services with every kind of past: connections, a -Z, a server removed with connections. */
function prepare(world: World): void {
  const { bpf } = world
  commands(
    { type: 'add-service', service: { ...web, scheduler: 'wrr' } },
    { type: 'add-server', key: toWeb, server: server(1) },
    { type: 'add-server', key: toWeb, server: server(2, { weight: 2 }) },
    { type: 'add-server', key: toWeb, server: server(4) },
    { type: 'add-service', service: { ...dns, scheduler: 'lc' } },
    { type: 'add-server', key: keyOf(dns), server: server(3, { rport: 53 }) },
    { type: 'add-service', service: other },
    { type: 'add-service', service: lost },
    { type: 'add-server', key: toLost, server: server(6, { rport: 53 }) },
  )(world)
  for (const sport of [1, 2, 3]) bpf.send(segment('S', sport))
  commands({ type: 'zero', key: toWeb })(world)
  for (const sport of [4, 5, 6]) bpf.send(segment('S', sport))
  for (const sport of [1, 2, 3, 4, 5, 6]) bpf.send(segment('A', sport))
  for (const sport of [1, 2]) bpf.send(datagram(sport))
  commands({ type: 'delete-server', key: toWeb, server: server(4) })(world)
}

const cpu = pinToCpu(allowedCpus().findLast((cpu) => cpu < 2))
const capacities = {
  // Not one for each CPU of a large machine: every lane is two writes more.
  serverLanes: Math.max(2, cpu + 1),
  services: 8,
  vips: 8,
  serviceBase: 8,
  plans: 16,
  planEntries: 8,
  planSegments: 32,
  realServers: 16,
  serverBase: 16,
}

// Hundreds of crashes: on a busy machine minutes, where tap gives a file half of one.
t.setTimeout(240_000)

t.test('a crash between any two writes', async (t) => {
  const bpf = openDirector(t, { sets: 16, ways: 0, capacities })
  const kept = Object.values(bpf.maps)
  const fare = () => packetsFare(bpf, [web.vip, otherVip, lost.vip])
  const blank = new MapSnapshot(kept)

  for (const { name, given, operation, waysBefore = ways, waysAfter = ways, startsToo } of cases) {
    await t.test(name, async (t) => {
      blank.restore()
      const first = await start(bpf, waysBefore)
      prepare(first)
      given?.(first)
      const before = stateOf(first)
      const prepared = new MapSnapshot(kept)
      const faredBefore = fare()
      prepared.restore()
      operation(await start(bpf, waysBefore))
      const after = stateOf(await start(bpf, waysAfter))
      const faredAfter = fare()
      t.same(contradictions(first), [])

      let killed = true
      for (let writes = 0; killed && t.passing(); writes++) {
        prepared.restore()
        const world = await start(bpf, waysBefore)
        killed = await killedAfter(writes, () => operation(world))
        const crashed = new MapSnapshot(kept)
        const isIn = (verdict: string, i: number) => verdict === faredBefore[i] || verdict === faredAfter[i]
        const faredBadly = () => fare().flatMap((verdict, i) => (isIn(verdict, i) ? [] : [`packet ${i}: ${verdict}`]))
        const wrong = faredBadly()
        wrong.push(...droppedTooMuch(bpf).map((vip) => `fragments for ${vip}, which is no VIP, are dropped`))
        wrong.push(...halfWritten(bpf).map((slot) => `${slot} is half written`))
        let startKilled = true
        for (let startWrites = 0; startKilled; startWrites++) {
          crashed.restore()
          startKilled = await killedAfter(startsToo ? startWrites : Number.POSITIVE_INFINITY, async () => {
            await start(bpf, waysAfter)
          })
          const next = await start(bpf, waysAfter)
          wrong.push(...neitherNor(stateOf(next), before, after), ...contradictions(next))
          const adopted = new MapSnapshot(kept)
          wrong.push(...faredBadly().map((what) => `with the next daemon, ${what}`))
          adopted.restore()
          await again(() => operation(next))
          const done = [...neitherNor(stateOf(next), after, after), ...contradictions(next)]
          wrong.push(...done.map((what) => `done again: ${what}`), ...leftOver(next))
        }
        t.same(wrong, [], `${name}: killed after ${writes} writes`)
      }
    })
  }
})
