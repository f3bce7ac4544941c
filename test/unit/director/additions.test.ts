/** Commands that make a service and add servers to it, in one request. */
import t from 'tap'
import type { Command } from '../../../src/api/protocol.js'
import type { Dataplane } from '../../../src/dataplane/dataplane.js'
import { maps } from '../../../src/dataplane/tables/layout.gen.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { dns, routed, startedDirector, web } from './fixture.js'

/** Fills that many slots for real servers. */
function takeRoom(dataplane: Dataplane, slots: number): void {
  const servers = Array.from({ length: slots }, (_, i) => ({ ...routed('10.0.0.1'), rport: 1 + i }))
  dataplane.setService({ service: { ...dns, scheduler: 'lc' }, servers, plan: { pick: 'least', entries: [] } })
}

t.test('a service that is made with its servers is installed once', async (t) => {
  const { director, dataplane, nextHops } = await startedDirector()
  for (const n of [11, 12]) nextHops.set(`10.0.0.${n}`, hopTo(n))
  const service = { ...web, scheduler: 'rr' }
  const made: Command[] = [
    { type: 'add-service', service },
    { type: 'add-server', key: web, server: routed('10.0.0.11') },
    { type: 'add-server', key: web, server: routed('10.0.0.11') },
    { type: 'add-server', key: web, server: routed('10.0.0.12') },
    { type: 'add-service', service },
    { type: 'add-server', key: web, server: routed('10.0.0.13') },
    { type: 'add-server', key: dns, server: routed('10.0.0.11') },
  ]
  t.same(
    director.executeAll(made).map((error) => error?.code),
    [undefined, undefined, 'SERVER_EXISTS', undefined, 'SERVICE_EXISTS', undefined, 'NO_SUCH_SERVICE'],
  )
  const installs = dataplane.writes.filter((write) => write.startsWith('setService'))
  t.same(installs, ['setService tcp 192.0.2.10:80', 'setService tcp 192.0.2.10:80'])
  const rips = ['10.0.0.13', '10.0.0.12', '10.0.0.11']
  t.match(director.services(), [{ servers: rips.map((rip) => ({ rip })) }])
  t.match([...dataplane.services()], [{ servers: rips.map((rip) => ({ rip })) }])
})

t.test('servers that do not find room all at once are added as far as they do', async (t) => {
  const { director, dataplane, log } = await startedDirector()
  takeRoom(dataplane, maps.realServers.maxEntries - 2)
  const made: Command[] = [
    { type: 'add-service', service: { ...web, scheduler: 'rr' } },
    ...[11, 12, 13, 14].map((n) => ({ type: 'add-server', key: web, server: routed(`10.0.0.${n}`) }) as const),
  ]
  t.same(
    director.executeAll(made).map((error) => error?.code),
    [undefined, undefined, undefined, 'NO_SPACE', 'NO_SPACE'],
  )
  const servers = [{ rip: '10.0.0.12' }, { rip: '10.0.0.11' }]
  t.match(director.services(web), [{ servers }])
  t.match(dataplane.service(web), { servers })
  t.equal(log.lines.filter((line) => line === 'info command carried out').length, 3)
})

t.test('steps that a scheduler cares about are taken one by one', async (t) => {
  const plans: unknown[] = []
  for (const scheduler of ['rr', 'wrr', 'lc', 'wlc']) {
    const commands: Command[] = [
      { type: 'add-service', service: { ...web, scheduler } },
      { type: 'add-server', key: web, server: routed('10.0.0.11', 4) },
      { type: 'add-server', key: web, server: routed('10.0.0.12', 5) },
    ]
    for (const atOnce of [true, false]) {
      const { director, dataplane, nextHops } = await startedDirector()
      for (const n of [11, 12]) nextHops.set(`10.0.0.${n}`, hopTo(n))
      if (atOnce) director.executeAll(commands)
      else for (const command of commands) director.execute(command)
      plans.push(dataplane.service(web)?.plan)
    }
    t.same(plans.at(-2), plans.at(-1), scheduler)
  }
})

/** Commands that make a service with servers of some weights. */
function withWeights(scheduler: string, weights: readonly number[]): Command[] {
  const added = weights.map(
    (weight, i) => ({ type: 'add-server', key: web, server: routed(`10.0.${i >> 8}.${i & 255}`, weight) }) as const,
  )
  return [{ type: 'add-service', service: { ...web, scheduler } }, ...added]
}

t.test(
  'ways that are found together make the plans that they make one by one, with a write for each new weight',
  async (t) => {
    const weights = Array.from({ length: 200 }, (_, i) => [4, 6, 4, 9][(i >> 4) & 3] as number)
    const commands = withWeights('wrr', weights)
    const hops = commands.flatMap((command, i) =>
      command.type === 'add-server' ? ([[command.server.rip, hopTo(i)]] as const) : [],
    )
    const plans: unknown[] = []
    for (const together of [true, false]) {
      const { director, dataplane, nextHops } = await startedDirector()
      director.executeAll(commands)
      dataplane.writes.length = 0
      if (together) {
        nextHops.setAll(hops)
        t.equal(dataplane.writes.filter((write) => write.startsWith('setService')).length, 3)
        nextHops.setAll(hops.map(([rip]) => [rip, 'unresolved']))
        nextHops.setAll(hops.slice(7))
      } else {
        for (const [rip, hop] of hops) nextHops.set(rip, hop)
        for (const [rip] of hops) nextHops.set(rip, 'unresolved')
        for (const [rip, hop] of hops.slice(7)) nextHops.set(rip, hop)
      }
      plans.push(dataplane.service(web)?.plan)
    }
    t.same(plans[0], plans[1])
  },
)

t.test('servers of known weights are added together, also by wrr', async (t) => {
  const commands = withWeights('wrr', [4, 4, 6, 4, 6, 6, 9, 4])
  const plans: unknown[] = []
  for (const together of [true, false]) {
    const { director, dataplane, nextHops } = await startedDirector()
    for (let i = 0; i < 8; i++) nextHops.set(`10.0.0.${i}`, hopTo(i))
    if (together) director.executeAll(commands)
    else for (const command of commands) director.execute(command)
    if (together) t.equal(dataplane.writes.filter((write) => write.startsWith('setService')).length, 4)
    plans.push(dataplane.service(web)?.plan)
  }
  t.same(plans[0], plans[1])
})

t.test('once a table is full, servers are refused without another try', async (t) => {
  const { director, dataplane } = await startedDirector()
  takeRoom(dataplane, maps.realServers.maxEntries - 2)
  let tries = 0
  const { setService } = dataplane
  dataplane.setService = (entry) => {
    tries++
    setService.call(dataplane, entry)
  }
  const results = director.executeAll(withWeights('lc', Array(500).fill(1)))
  t.same(new Set(results.slice(3).map((error) => error?.code)), new Set(['NO_SPACE']))
  t.same(results.slice(0, 3), [undefined, undefined, undefined])
  t.ok(tries < 25, `${tries} tries`)
})
