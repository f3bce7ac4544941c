import t from 'tap'
import type { Command } from '../../../src/api/protocol.js'
import { DirectorError } from '../../../src/core/errors.js'
import type { RealServer } from '../../../src/core/real-server.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { dns, type Fixture, pickable, routed, startedDirector, web } from './fixture.js'

/** A director with `web` (wlc) in front of 10.0.0.11 and 10.0.0.12, both resolved. */
async function twoServers(): Promise<Fixture> {
  const fixture = await startedDirector()
  fixture.nextHops.set('10.0.0.11', hopTo(11))
  fixture.nextHops.set('10.0.0.12', hopTo(12))
  fixture.director.execute({ type: 'add-service', service: { ...web, scheduler: 'wlc' } })
  fixture.director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11', 3) })
  fixture.director.execute({ type: 'add-server', key: web, server: routed('10.0.0.12') })
  return fixture
}

const rips = ({ dataplane }: Fixture) => dataplane.service(web)?.servers.map(({ rip }) => rip)

t.test('servers stand newest first, in the data plane and in the views', async (t) => {
  const fixture = await twoServers()
  t.strictSame(rips(fixture), ['10.0.0.12', '10.0.0.11'])
  t.strictSame(pickable(fixture, web), ['10.0.0.12', '10.0.0.11'])
  t.match(fixture.director.services(), [
    { ...web, scheduler: 'wlc', servers: [{ rip: '10.0.0.12' }, { rip: '10.0.0.11', weight: 3 }] },
  ])
})

t.test('an edited server keeps its place, one that comes back is the newest', async (t) => {
  const fixture = await twoServers()
  fixture.director.execute({ type: 'edit-server', key: web, server: routed('10.0.0.11', 7) })
  t.match(fixture.dataplane.service(web)?.servers, [{ rip: '10.0.0.12' }, { rip: '10.0.0.11', weight: 7 }])
  fixture.director.execute({ type: 'delete-server', key: web, server: { rip: '10.0.0.11', rport: 80 } })
  t.strictSame(rips(fixture), ['10.0.0.12'])
  fixture.director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  t.strictSame(rips(fixture), ['10.0.0.11', '10.0.0.12'])
})

t.test('weight 0 quiesces', async (t) => {
  const fixture = await twoServers()
  fixture.director.execute({ type: 'edit-server', key: web, server: routed('10.0.0.12', 0) })
  t.strictSame(rips(fixture), ['10.0.0.12', '10.0.0.11'], 'still in the list')
  t.strictSame(pickable(fixture, web), ['10.0.0.11'])
})

t.test('a port other than the service port makes another server', async (t) => {
  const { director, dataplane } = await startedDirector()
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: { ...routed('10.0.0.11'), rport: 8080 } })
  director.execute({
    type: 'add-server',
    key: web,
    server: { rip: '10.0.0.11', rport: 80, forwarding: 'tunnel', weight: 1 },
  })
  t.match(dataplane.service(web)?.servers, [
    { rip: '10.0.0.11', rport: 80 },
    { rip: '10.0.0.11', rport: 8080 },
  ])
  const unnumbered = { ...routed('10.0.0.12'), rport: 0 }
  t.throws(() => director.execute({ type: 'add-server', key: web, server: unnumbered }), {
    code: 'INVALID',
    message: "rport: '0' is not a whole number from 1 to 65535",
  })
})

const unchanged: { title: string; command: Command; code: string; message: string | RegExp }[] = [
  {
    title: 'a service that exists',
    command: { type: 'add-service', service: { ...web, scheduler: 'rr' } },
    code: 'SERVICE_EXISTS',
    message: 'tcp 192.0.2.10:80 exists already',
  },
  {
    title: 'an unknown scheduler',
    command: { type: 'add-service', service: { ...dns, scheduler: 'best' } },
    code: 'NO_SUCH_SCHEDULER',
    message: /'best'/,
  },
  {
    title: 'an edit to an unknown scheduler',
    command: { type: 'edit-service', service: { ...web, scheduler: 'best' } },
    code: 'NO_SUCH_SCHEDULER',
    message: /'best'/,
  },
  {
    title: 'a service port out of range',
    command: { type: 'add-service', service: { ...web, vport: 0, scheduler: 'rr' } },
    code: 'INVALID',
    message: "vport: '0' is not a whole number from 1 to 65535",
  },
  {
    title: 'a VIP that is no address',
    command: { type: 'add-service', service: { ...web, vip: '192.0.2.256', scheduler: 'rr' } },
    code: 'INVALID',
    message: /^vip: '192.0.2.256' is not an IPv4 address/,
  },
  ...(['edit-service', 'delete-service', 'add-server', 'edit-server', 'delete-server', 'zero'] as const).map(
    (type) => ({
      title: `${type} of a service that is not there`,
      command: {
        type,
        key: dns,
        service: { ...dns, scheduler: 'rr' },
        server: routed('10.0.0.13'),
      } as Command,
      code: 'NO_SUCH_SERVICE',
      message: 'there is no service udp 192.0.2.10:53',
    }),
  ),
  ...(['edit-server', 'delete-server'] as const).map((type) => ({
    title: `${type} of a server that is not there`,
    command: { type, key: web, server: routed('10.0.0.13') } as Command,
    code: 'NO_SUCH_SERVER',
    message: 'tcp 192.0.2.10:80 has no server 10.0.0.13:80',
  })),
  ...(
    [
      [{ rip: '224.0.0.1' }, 'INVALID', "rip: '224.0.0.1' is not a unicast address"],
      [{ rip: '255.255.255.255' }, 'INVALID', /unicast/],
      [{ rip: '0.0.0.0' }, 'INVALID', /unicast/],
      [{ rip: '10.0.0.011' }, 'INVALID', /^rip: '10.0.0.011' is not an IPv4 address/],
      [{ weight: -1 }, 'INVALID', "weight: '-1' is not a whole number from 0 to 2147483647"],
      [{ weight: 2 ** 31 }, 'INVALID', /^weight/],
      [{ weight: 1.5 }, 'INVALID', /^weight/],
      [{ forwarding: 'masq' }, 'UNSUPPORTED', /masquerading \(-m\)/],
    ] satisfies [Partial<RealServer>, string, string | RegExp][]
  ).map(([part, code, message]) => ({
    title: `a server with ${JSON.stringify(part)}`,
    command: { type: 'add-server', key: web, server: { ...routed('10.0.0.13'), ...part } } as Command,
    code,
    message,
  })),
  {
    title: 'a timeout out of range',
    command: { type: 'set-timeouts', timeouts: { tcpS: 1, tcpFinS: -1, udpS: 1 } },
    code: 'INVALID',
    message: "tcpFinS: '-1' is not a whole number from 0 to 8589934",
  },
]

t.test('refused commands change nothing', async (t) => {
  for (const { title, command, code, message } of unchanged) {
    const { director, dataplane, log } = await twoServers()
    const before = structuredClone([...dataplane.services()])
    const writes = dataplane.writes.length
    t.throws(() => director.execute(command), { name: 'DirectorError', code, message }, title)
    t.strictSame([...dataplane.services()], before, title)
    t.equal(dataplane.writes.length, writes, `${title}: nothing was written`)
    t.strictSame(director.timeouts(), { tcpS: 900, tcpFinS: 120, udpS: 300 })
    t.notMatch(log.lines, [/error/], 'a refusal is no failure of ours')
  }
})

t.test('what the data plane refuses has not happened', async (t) => {
  const full = new DirectorError('NO_SPACE', 'no room')
  for (const command of [
    { type: 'add-service', service: { ...dns, scheduler: 'rr' } },
    { type: 'edit-service', service: { ...web, scheduler: 'rr' } },
    { type: 'delete-service', key: web },
    { type: 'add-server', key: web, server: routed('10.0.0.13') },
    { type: 'edit-server', key: web, server: routed('10.0.0.11', 9) },
    { type: 'delete-server', key: web, server: { rip: '10.0.0.11', rport: 80 } },
    { type: 'flush' },
    { type: 'zero' },
    { type: 'set-timeouts', timeouts: { tcpS: 1, tcpFinS: 1, udpS: 1 } },
  ] satisfies Command[]) {
    const { director, dataplane, nextHops } = await twoServers()
    const views = director.services()
    const before = structuredClone([...dataplane.services()])
    dataplane.failNext(full)
    t.throws(() => director.execute(command), full, command.type)
    t.strictSame(director.services(), views, `${command.type}: the desired state`)
    t.strictSame([...dataplane.services()], before, `${command.type}: the data plane`)
    t.strictSame([...nextHops.watched], ['10.0.0.11', '10.0.0.12'], `${command.type}: addresses watched`)
    t.doesNotThrow(() => director.execute(command), `${command.type} succeeds when tried again`)
  }
})

t.test('a server whose next hop the data plane refuses is not added', async (t) => {
  const { director, dataplane, nextHops } = await twoServers()
  const before = director.services()
  nextHops.set('10.0.0.13', hopTo(13))
  dataplane.failNext(new DirectorError('NO_SPACE', 'no room'), 'setNextHop')
  t.throws(() => director.execute({ type: 'add-server', key: web, server: routed('10.0.0.13') }), { code: 'NO_SPACE' })
  t.strictSame(director.services(), before)
  t.strictSame(
    [...dataplane.services()].map(({ servers }) => servers.length),
    [2],
  )
  t.notOk(nextHops.watched.has('10.0.0.13'))
})

t.test('a flush that fails half way puts back what it had removed', async (t) => {
  const { director, dataplane } = await twoServers()
  director.execute({ type: 'add-service', service: { ...dns, scheduler: 'rr' } })
  const before = new Set(director.services().map(({ protocol }) => protocol))
  const remove = dataplane.removeService.bind(dataplane)
  let removals = 0
  dataplane.removeService = (key) => {
    if (++removals === 2) throw new DirectorError('INTERNAL', 'half way')
    remove(key)
  }
  t.throws(() => director.execute({ type: 'flush' }), { code: 'INTERNAL' })
  t.strictSame(new Set(director.services().map(({ protocol }) => protocol)), before)
  t.equal([...dataplane.services()].length, 2)
})

t.test('an unexpected failure is logged once and keeps its cause', async (t) => {
  const { director, dataplane, log } = await twoServers()
  const cause = new Error('EIO')
  dataplane.failNext(cause)
  t.throws(() => director.execute({ type: 'delete-service', key: web }), { code: 'INTERNAL', message: 'EIO', cause })
  t.equal(log.lines.filter((line) => line === 'error command failed').length, 1)
})

t.test('editing to the same scheduler writes nothing, to another one keeps the servers', async (t) => {
  const { director, dataplane } = await twoServers()
  const writes = dataplane.writes.length
  director.execute({ type: 'edit-service', service: { ...web, scheduler: 'wlc' } })
  t.equal(dataplane.writes.length, writes)
  director.execute({ type: 'edit-service', service: { ...web, scheduler: 'rr' } })
  t.match(dataplane.service(web), {
    service: { scheduler: 'rr' },
    servers: [{ rip: '10.0.0.12' }, { rip: '10.0.0.11' }],
    plan: { pick: 'sequence', length: 2 },
  })
})

t.test('an edited server makes wrr start its level anew; rr goes on', async (t) => {
  const { director, dataplane } = await twoServers()
  for (const { scheduler, start } of [
    { scheduler: 'wrr', start: 0 },
    { scheduler: 'rr', start: 1 },
  ]) {
    director.execute({ type: 'edit-service', service: { ...web, scheduler } })
    director.execute({ type: 'edit-server', key: web, server: routed('10.0.0.11') })
    dataplane.connect(web)
    director.execute({ type: 'edit-server', key: web, server: routed('10.0.0.11') })
    t.match(dataplane.service(web)?.plan, { start }, scheduler)
  }
})

t.test('set-timeouts: 0 keeps the present value', async (t) => {
  const { director } = await startedDirector()
  director.execute({ type: 'set-timeouts', timeouts: { tcpS: 60, tcpFinS: 0, udpS: 5 } })
  t.strictSame(director.timeouts(), { tcpS: 60, tcpFinS: 120, udpS: 5 })
})

t.test('flush removes all, and nothing is watched any more', async (t) => {
  const { director, dataplane, nextHops } = await twoServers()
  director.execute({ type: 'add-service', service: { ...dns, scheduler: 'rr' } })
  director.execute({ type: 'flush' })
  t.strictSame([...dataplane.services()], [])
  t.strictSame(director.services(), [])
  t.equal(nextHops.watched.size, 0)
})

t.test('of several commands, those after a refused one are carried out', async (t) => {
  const { director } = await startedDirector()
  const results = director.executeAll([
    { type: 'add-service', service: { ...web, scheduler: 'rr' } },
    { type: 'add-service', service: { ...web, scheduler: 'rr' } },
    { type: 'add-server', key: web, server: routed('10.0.0.11') },
  ])
  t.strictSame(
    results.map((error) => error?.code),
    [undefined, 'SERVICE_EXISTS', undefined],
  )
  t.equal(director.services(web)[0]?.servers.length, 1)
  t.throws(() => director.services(dns), { code: 'NO_SUCH_SERVICE' })
})
