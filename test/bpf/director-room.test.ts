/** What is taken is given back, when nobody can read it any more and not before; and what cannot be had changes nothing. */
import t, { type Test } from 'tap'
import type { RealServer } from '../../src/core/real-server.js'
import type { VirtualService } from '../../src/core/virtual-service.js'
import { addressFromStruct, addressToStruct } from '../../src/dataplane/tables/address-codec.js'
import { realServerLayout, serverFlag } from '../../src/dataplane/tables/layout.gen.js'
import { toBytes } from '../../src/dataplane/tables/layout-fields.js'
import { serverToStruct } from '../../src/dataplane/tables/service-codec.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import { endConnections, leftOver, start, stateOf, structs } from './director-crash-world.js'
import { forgetRemoved, openDirector, segment, server, wayTo, web } from './director-fixture.js'

/** Of next hops there are 64 (scripts/build). */
const small = {
  services: 4,
  vips: 3,
  serviceBase: 4,
  plans: 8,
  planEntries: 4,
  planSegments: 8,
  realServers: 10,
  serverBase: 10,
}

function openSmall(t: Test, larger: Partial<typeof small> = {}): BpfDirector {
  return openDirector(t, { sets: 16, ways: 0, capacities: { ...small, ...larger } })
}

function present(director: BpfDirector): string[] {
  return structs(director, 'realServers', realServerLayout)
    .filter(({ flags }) => flags & serverFlag.PRESENT)
    .map(({ rip, flags }) => `${addressFromStruct(rip).split('.')[3]}${flags & serverFlag.AVAILABLE ? '' : ' removed'}`)
    .sort()
}

t.test('services come and go many times over', async (t) => {
  const director = openSmall(t)
  for (let round = 0; round < 40; round++) {
    // Addresses that were never seen before; the last one is set and never used.
    const servers = [1, 2, 3].map((n) => server(n, { rip: `10.0.${round}.${n}`, weight: n }))
    for (const { rip } of [...servers, { rip: `10.0.${round}.4` }]) director.dataplane.setNextHop(rip, wayTo(1))
    const services = ['wrr', 'wlc'].map((scheduler, i) => ({ ...web, vport: 1000 + 2 * round + i, scheduler }))
    for (const service of services) director.install(service, servers.slice(0, 2))
    for (const service of services) director.install(service, servers)
    if (round % 7 === 3) director.restart()
    for (const service of services) director.remove(service)
    director.dataplane.collect()
    director.advance(2)
    director.dataplane.collect()
    director.advance(0.2)
  }
  t.same(leftOver(await start(director, {})), [])
})

const many = (count: number, fields: (n: number) => Partial<RealServer> = () => ({})) =>
  Array.from({ length: count }, (_, i) => server(i + 1, fields(i + 1)))

const tooMuch: readonly {
  readonly name: string
  readonly service?: Partial<VirtualService>
  readonly servers: readonly RealServer[]
  /** What is not to be full first. */
  readonly larger?: Partial<typeof small>
  /** What the error says. */
  readonly error: RegExp
}[] = [
  {
    name: 'real servers',
    servers: many(10, (n) => ({ rip: '10.0.0.1', rport: n })),
    error: /^no room for more real servers: all 10 /,
  },
  {
    name: 'next hops',
    servers: many(65),
    larger: { realServers: 80, serverBase: 80, planEntries: 12 },
    error: /^no room for more next hops: all 64 /,
  },
  {
    name: 'entries of plans',
    service: { scheduler: 'wrr' },
    servers: many(6, (n) => ({ rip: '10.0.0.1', rport: n, weight: n })),
    error: /^no room for more entries of plans: all 32 /,
  },
  {
    name: 'segments of plans',
    service: { scheduler: 'wrr' },
    servers: many(5, (n) => ({ rip: '10.0.0.1', rport: n, weight: n })),
    error: /^no room for more segments of plans: all 8 /,
  },
  {
    name: 'addresses of services',
    service: { vip: '192.0.2.13' },
    servers: many(2),
    error: /BPF_MAP_UPDATE_ELEM/,
  },
]

for (const { name, service, servers, larger, error } of tooMuch) {
  t.test(`too many ${name}: refused, and nothing has changed`, async (t) => {
    const director = openSmall(t, larger)
    director.dataplane.setNextHop('10.0.0.1', wayTo(1))
    for (const vip of ['192.0.2.11', '192.0.2.12']) director.install({ ...web, vip }, [])
    director.install(web, [server(1)])
    director.send(segment('S', 1))
    const world = await start(director, { '10.0.0.1': wayTo(1) })
    const before = [stateOf(world), present(director)]
    for (let i = 0; i < 20; i++) {
      t.throws(() => director.install({ ...web, ...service }, servers), { message: error })
      t.same([stateOf(world), present(director)], before)
      // What was refused rests before it can be had again.
      director.advance(0.2)
    }
    t.same([stateOf(await start(director, { '10.0.0.1': wayTo(1) })), present(director)], before)
    director.install(web, [server(2), server(1)])
    t.same(present(director), ['1', '2'], 'what has room is carried out')
    t.same(leftOver(await start(director, {})), [])
  })
}

t.test('an edit that the kernel refuses leaves all servers as they were', async (t) => {
  const director = openSmall(t)
  for (const n of [1, 2, 3, 4]) director.dataplane.setNextHop(server(n).rip, wayTo(n))
  director.install(web, [server(3), server(2), server(1)])
  director.send(segment('S', 1))
  director.install(web, [server(2), server(1)])
  const before = [...director.dataplane.services()]
  const slots = present(director)
  Object.assign(director.maps.services, {
    update() {
      throw new Error('no memory')
    },
  })
  const edited = [server(4), server(3), server(1, { weight: 5 }), server(2, { forwarding: 'tunnel' })]
  t.throws(() => director.install(web, edited), { message: 'no memory' })
  Reflect.deleteProperty(director.maps.services, 'update')
  t.same([...director.dataplane.services()], before)
  t.same(present(director), slots)
  director.restart()
  t.same([...director.dataplane.services()], before, 'in the maps as well')
  director.dataplane.setNextHop(server(4).rip, wayTo(4))
  director.install(web, edited)
  t.same([...director.dataplane.services()][0]?.servers, edited)
})

t.test('a removed server without connections is remembered for two and a half minutes', async (t) => {
  const director = openSmall(t)
  director.install(web, [server(2), server(1)])
  director.install(web, [server(1)])
  for (const [seconds, expected] of [
    [0, ['1', '2 removed']],
    [149, ['1', '2 removed']],
    [2, ['1']],
  ] as const) {
    director.advance(seconds)
    director.dataplane.collect()
    t.same(present(director), expected)
  }
})

t.test('while slots are scarce for a second: packets may still follow the old plan', async (t) => {
  const director = openSmall(t)
  const servers = Array.from({ length: director.maps.realServers.info.maxEntries / 2 + 1 }, (_, i) => server(i + 1))
  director.install(web, servers)
  director.install(web, servers.slice(1))
  for (const [seconds, removed] of [
    [0, 1],
    [0.9, 1],
    [0.2, 0],
  ] as const) {
    director.advance(seconds)
    director.dataplane.collect()
    t.equal(present(director).filter((name) => name.endsWith('removed')).length, removed)
  }
})

t.test('a server that comes back after its last connection has the counters that it had', async (t) => {
  const director = openSmall(t)
  for (const n of [1, 2]) director.dataplane.setNextHop(server(n).rip, wayTo(n))
  director.install(web, [server(2), server(1)])
  for (let sport = 1; sport <= 6; sport++) director.send(segment('S', sport))
  director.install(web, [server(1)])
  endConnections(director)
  director.dataplane.collect()
  director.advance(100)
  director.dataplane.collect()
  director.install(web, [server(2), server(1)])
  t.match([...director.dataplane.counters(web)][0]?.servers, [{ traffic: { conns: 3 } }, { traffic: { conns: 3 } }])
})

t.test('traffic of removed servers is their service’s, until -Z', async (t) => {
  const director = openSmall(t)
  for (const n of [1, 2]) director.dataplane.setNextHop(server(n).rip, wayTo(n))
  const total = () => [...director.dataplane.counters(web)][0]?.traffic.conns
  const letGo = () => {
    endConnections(director)
    forgetRemoved(director)
    t.same(present(director), ['1'])
  }
  director.install(web, [server(2), server(1)])
  for (let sport = 1; sport <= 6; sport++) director.send(segment('S', sport))
  director.install(web, [server(1)])
  t.equal(total(), 6, 'removed')
  letGo()
  t.equal(total(), 6, 'let go')
  director.dataplane.zero(web)
  t.equal(total(), 0, '-Z')
  director.dataplane.setNextHop(server(2).rip, wayTo(2))
  director.install(web, [server(2), server(1)])
  for (let sport = 11; sport <= 14; sport++) director.send(segment('S', sport))
  t.equal(total(), 4)
  director.install(web, [server(1)])
  director.dataplane.zero(web)
  t.equal(total(), 0, '-Z with a removed server')
  letGo()
  t.equal(total(), 0, 'let go after it')
})

t.test('a slot that is half written is dropped at the start', async (t) => {
  const director = openSmall(t)
  director.install(web, [server(1)])
  const none = { vip: addressToStruct('0.0.0.0'), vport: 0, protocol: 0, family: 0, mark: 0 }
  const half = { ...serverToStruct(server(9)), flags: 3, order: 0, service: none }
  const key = Buffer.alloc(4)
  key.writeUInt32LE(5)
  director.maps.realServers.update(key, toBytes(realServerLayout, half))
  director.restart()
  t.same(present(director), ['1'])
})
