import t from 'tap'
import type { RealServer } from '../../src/core/real-server.js'
import { serviceKeyText, type VirtualService } from '../../src/core/virtual-service.js'
import { realServerLayout, serverFlag, serviceLayout } from '../../src/dataplane/tables/layout.gen.js'
import { fromBytes } from '../../src/dataplane/tables/layout-fields.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import { frame } from '../lib/packet.js'
import { seededRandom } from '../lib/random.js'
import { chosen, datagram, dns, openDirector, segment, server, wayTo, web } from './director-fixture.js'

/** All that a data plane says about itself, in a fixed order. */
async function told({ dataplane }: BpfDirector): Promise<object> {
  const connections: string[] = []
  for await (const connection of dataplane.connections()) connections.push(JSON.stringify(connection))
  const services = [...dataplane.services()].sort((a, b) =>
    serviceKeyText(a.service) < serviceKeyText(b.service) ? -1 : 1,
  )
  return {
    services,
    picks: services.map(({ service }) => dataplane.picks(service)),
    counters: services.map(({ service: { protocol, vip, vport } }) =>
      [...dataplane.counters({ protocol, vip, vport })].map(({ traffic, servers }) => ({ traffic, servers })),
    ),
    nextHops: Object.fromEntries([...dataplane.nextHops()].sort(([a], [b]) => (a < b ? -1 : 1))),
    connections: connections.sort(),
    timeouts: dataplane.timeouts(),
    stats: dataplane.stats(),
  }
}

/** No id, plan or slot serves two. */
function checkOwnership(director: BpfDirector): string[] {
  const { services, realServers } = director.maps
  const { count, values } = services.lookupAll()
  const structs = Array.from({ length: count }, (_, i) => fromBytes(serviceLayout, values, i))
  const present = Array.from({ length: 64 }, (_, i) =>
    realServerLayout.decode(realServers.view(), i * realServerLayout.size),
  ).filter(({ flags }) => flags & serverFlag.PRESENT)
  const keys = present.map(({ rip, rport, service }) => JSON.stringify([rip, rport, service]))
  return [
    ...(new Set(structs.map(({ id }) => id)).size === count ? [] : ['an id serves two services']),
    ...(new Set(structs.map(({ plan }) => plan)).size === count ? [] : ['a plan serves two services']),
    ...(new Set(keys).size === keys.length ? [] : ['a server has two slots']),
  ]
}

t.test('a second start finds all that was there', async (t) => {
  const director = openDirector(t, { ways: 4 })
  director.dataplane.setNextHop('10.0.0.3', wayTo(3, { ifindex: 9, saddr: '10.1.2.3', mtu: 9000 }))
  director.dataplane.setNextHop('10.0.0.4', 'local')
  director.dataplane.setNextHop('10.0.0.5', 'unresolved')
  director.install({ ...web, scheduler: 'wrr' }, [
    server(3, { weight: 4 }),
    server(2, { weight: 0 }),
    server(1, { weight: 6 }),
  ])
  director.install({ ...dns, scheduler: 'wlc' }, [server(5), server(4), server(1, { forwarding: 'tunnel', rport: 53 })])
  director.install({ ...web, vport: 443, scheduler: 'lc' }, [])
  director.dataplane.setTimeouts({ tcpS: 600, tcpFinS: 30, udpS: 100 })
  for (let sport = 100; sport < 120; sport++) director.send(segment('S', sport))
  for (let sport = 100; sport < 107; sport++) director.send(datagram(sport))
  director.dataplane.zero(web)
  director.send(segment('A', 100))
  // Removed, and still named by connections.
  director.install({ ...web, scheduler: 'wrr' }, [server(2, { weight: 2 }), server(1, { weight: 6 })])
  director.send(segment('S', 130))

  const before = await told(director)
  director.restart()
  t.same(await told(director), before)
  director.restart()
  t.same(await told(director), before, 'and a third')

  director.install({ ...web, scheduler: 'wrr' }, [server(3), server(2, { weight: 2 }), server(1, { weight: 6 })])
  const homes = [100, 101, 102, 103].map((sport) => chosen(director.send(segment('A', sport)).frame))
  t.ok(homes.includes(3), 'a server that comes back after a restart finds its connections')
  t.same(checkOwnership(director), [])
})

t.test('a director that is restarted over and over does what one does that is not', async (t) => {
  const random = seededRandom(5)
  const below = (limit: number) => Math.floor(random() * limit)
  const [steady, restarted] = [openDirector(t, { ways: 9, sets: 1024 }), openDirector(t, { ways: 9, sets: 1024 })]
  const both = [steady, restarted]
  const lists = new Map<number, { scheduler: string; servers: RealServer[] }>()
  const ports = [80, 81, 82]
  const wrong: string[] = []
  let restarts = 0

  for (let step = 0; step < 600 && wrong.length === 0; step++) {
    const vport = ports[below(ports.length)] ?? 80
    const list = lists.get(vport) ?? { scheduler: ['rr', 'wrr', 'lc', 'wlc'][below(4)] ?? 'rr', servers: [] }
    const service: VirtualService = { ...web, vport, scheduler: list.scheduler }
    const action = below(12)
    if (action === 0) {
      const n = 1 + below(9)
      const rest = list.servers.filter(({ rip }) => rip !== server(n).rip)
      list.servers = rest.length < list.servers.length ? rest : [server(n, { weight: below(4), rport: vport }), ...rest]
      lists.set(vport, list)
      for (const director of both) director.install(service, list.servers)
    } else if (action === 1 && below(4) === 0) {
      lists.delete(vport)
      for (const director of both) director.remove(service)
    } else if (action === 2) {
      for (const director of both) {
        director.advance(0.5)
        director.dataplane.collect()
        for (let n = 1; n <= 9; n++) director.dataplane.setNextHop(server(n).rip, wayTo(n))
      }
    } else {
      const data = frame({ tcp: { sport: 1024 + below(3000), dport: vport, flags: below(3) ? 'S' : 'A' } })
      const [expected, found] = both.map((director) => director.send(data))
      if (expected?.verdict !== found?.verdict)
        wrong.push(`step ${step}: ${expected?.verdict}, restarted ${found?.verdict}`)
      if (!expected?.frame.equals(found?.frame ?? Buffer.alloc(0))) wrong.push(`step ${step}: another server`)
    }
    if (below(10) === 0) {
      restarts++
      restarted.restart()
    }
    wrong.push(...checkOwnership(restarted))
  }
  t.same(wrong, [])
  t.ok(restarts > 30, `${restarts} restarts`)
  t.same(await told(restarted), await told(steady))
})
