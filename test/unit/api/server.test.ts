import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import type { Command } from '../../../src/api/protocol.js'
import { maxRequestBytes } from '../../../src/api/request-line.js'
import { DirectorError } from '../../../src/core/errors.js'
import { verdictNames } from '../../../src/dataplane/tables/layout.gen.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { dns, routed, web } from '../director/fixture.js'
import { ask, served } from './fixture.js'

const commands = (...commands: Command[]) => ({ request: 'commands', commands }) as const

t.test('commands are carried out in order, with a result for each', async (t) => {
  const { path, director, nextHops } = await served(t)
  nextHops.set('10.0.0.11', hopTo(11))
  const answer = await ask(
    path,
    commands(
      { type: 'add-service', service: { ...web, scheduler: 'wlc' } },
      { type: 'add-service', service: { ...web, scheduler: 'wlc' } },
      { type: 'add-server', key: web, server: routed('10.0.0.11', 5) },
      { type: 'edit-service', service: { ...web, scheduler: 'rr' } },
      { type: 'edit-server', key: web, server: routed('10.0.0.11', 6) },
      { type: 'zero' },
      { type: 'zero', key: web },
      { type: 'set-timeouts', timeouts: { tcpS: 10, tcpFinS: 20, udpS: 30 } },
    ),
  )
  const exists = { code: 'SERVICE_EXISTS', message: 'tcp 192.0.2.10:80 exists already' }
  t.strictSame(answer, [{ result: [null, exists, ...Array(6).fill(null)] }])
  t.match(director.services(), [{ scheduler: 'rr', servers: [{ rip: '10.0.0.11', weight: 6 }] }])

  const result = { services: director.services(), tableSize: 1024 }
  t.strictSame(await ask(path, { request: 'services' }), [{ result }])
  t.strictSame(await ask(path, { request: 'timeouts' }), [{ result: { tcpS: 10, tcpFinS: 20, udpS: 30 } }])

  const removed = await ask(
    path,
    commands(
      { type: 'delete-server', key: web, server: { rip: '10.0.0.11', rport: 80 } },
      { type: 'delete-service', key: web },
      { type: 'flush' },
    ),
  )
  t.strictSame(removed, [{ result: [null, null, null] }])
  t.strictSame(director.services(), [])
})

t.test('a command that adds a server is answered when the server can take packets', async (t) => {
  const { path, director, nextHops } = await served(t)
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  const watched = new Promise<void>((resolve) => {
    nextHops.watch = (rip) => {
      nextHops.watched.add(rip)
      resolve()
    }
  })
  let answered = false
  const added = commands({ type: 'add-server', key: web, server: routed('10.0.0.11', 1) })
  const answer = ask(path, added).finally(() => {
    answered = true
  })
  await watched
  await ask(path, { request: 'timeouts' })
  t.equal(answered, false)
  nextHops.set('10.0.0.11', hopTo(11))
  t.strictSame(await answer, [{ result: [null] }])
})

t.test('one service', async (t) => {
  const { path, director } = await served(t)
  for (const key of [web, dns]) director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
  t.match(await ask(path, { request: 'services', key: dns }), [{ result: { services: [dns] } }])
  const none = await ask(path, { request: 'services', key: { ...dns, vport: 54 } })
  t.match(none, [{ error: { code: 'NO_SUCH_SERVICE' } }])
})

t.test('requests that cannot be understood', async (t) => {
  const { path, dataplane } = await served(t)
  dataplane.writes.length = 0
  const refused = (part: object) =>
    JSON.stringify({ request: 'commands', commands: [{ type: 'add-service', service: { ...web, ...part } }] })
  const weight = { type: 'add-server', key: web, server: { ...routed('10.0.0.11'), weight: 1.5 } }
  const cases: [line: string, message: string | RegExp][] = [
    ['{"request": [', /^request: not JSON/],
    ['GET / HTTP/1.1\r', /^request: not JSON/],
    ['[]', 'request: an array, but an object is needed'],
    ['['.repeat(1e5) + ']'.repeat(1e5), 'request: an array, but an object is needed'],
    [`{"request":${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}}`, /^request: an object, but one of/],
    [`{"request":"services","key":{"protocol":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`, /^key.protocol: an array, but/],
    ['null', 'request: null, but an object is needed'],
    ['{}', 'request: missing, but one of commands, services, timeouts, status, down, connections is needed'],
    ['{"request":"toString"}', /^request: "toString", but one of/],
    ['{"request":"commands"}', 'commands: missing, but an array is needed'],
    ['{"request":"commands","commands":[7]}', 'commands[0]: 7, but an object is needed'],
    [
      '{"request":"commands","commands":[{"type":"explode"}]}',
      /^commands\[0\].type: "explode", but one of add-service, .*zero/,
    ],
    [refused({}), 'commands[0].service.scheduler: missing, but a string is needed'],
    [refused({ protocol: 'icmp' }), 'commands[0].service.protocol: "icmp", but one of tcp, udp is needed'],
    [refused({ vport: '80' }), 'commands[0].service.vport: "80", but a whole number is needed'],
    [
      JSON.stringify({ request: 'commands', commands: [weight] }),
      'commands[0].server.weight: 1.5, but a whole number is needed',
    ],
    ['{"request":"services","key":{"protocol":"tcp"}}', 'key.vip: missing, but a string is needed'],
    [
      '{"request":"services","key":{"protocol":"tcp","vip":"192.0.2.10","vport":"x"}}',
      'key.vport: "x", but a whole number is needed',
    ],
  ]
  for (const [line, message] of cases) {
    for (const end of ['\n', '', '\nmore that nobody reads\n']) {
      t.match(await ask(path, line + end), [{ error: { code: 'INVALID', message } }], line)
    }
  }
  t.strictSame(await ask(path, ''), [], 'who says nothing is told nothing')
  t.strictSame(dataplane.writes, [], 'nothing was carried out')
})

t.test('a request that is too long is refused while it comes', async (t) => {
  const { path } = await served(t)
  const socket = connect(path)
  t.teardown(() => socket.destroy())
  const block = Buffer.alloc(2 ** 20, ' ')
  for (let bytes = 0; bytes <= maxRequestBytes; bytes += block.length) socket.write(block)
  const [line] = await once(socket.setEncoding('utf8'), 'data')
  t.match(JSON.parse(line), { error: { code: 'INVALID', message: /^request: more than \d+ bytes/ } })
  t.match(await ask(path, { request: 'status' }), [{ result: {} }])
})

t.test('status', async (t) => {
  const { path, dataplane, director } = await served(t)
  dataplane.connect(web, 5)
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  const noVerdicts = Object.fromEntries(verdictNames.map((name) => [name.toLowerCase(), 0]))
  const result = {
    version: '1.2.3',
    pid: process.pid,
    pinDir: '/sys/fs/bpf/xlvs',
    refusals: [],
    dataplane: 'memory',
    interfaces: [{ name: 'memory0', mode: 'native' }],
    services: 1,
    servers: 1,
    connections: { inUse: 0, assured: 0, capacity: 1024, evicted: 0, expired: 0, nearlyFull: false },
    verdicts: { ...noVerdicts, pass_no_service: 5 },
    unresolved: ['10.0.0.11'],
  }
  t.strictSame(await ask(path, { request: 'status' }), [{ result }])
})

t.test('failures: those of the director are told; unexpected ones are logged once and not told', async (t) => {
  const { path, dataplane, log } = await served(t)
  for (const { error, told, logged } of [
    { error: new DirectorError('NO_SPACE', 'full'), told: { code: 'NO_SPACE', message: 'full' }, logged: 0 },
    { error: new Error('a secret'), told: { code: 'INTERNAL', message: 'internal error; see the log' }, logged: 1 },
  ]) {
    log.lines.length = 0
    dataplane.stats = () => {
      throw error
    }
    t.strictSame(await ask(path, { request: 'status' }), [{ error: told }])
    t.equal(log.lines.filter((line) => line.startsWith('error')).length, logged)
  }
})

t.test('down: out of the path, then the answer, then the end', async (t) => {
  const { path, went, server } = await served(t)
  t.strictSame(await ask(path, { request: 'down' }), [{ result: null }])
  await server.close()
  t.strictSame(went, ['down', 'ended'])
})

t.test('what is asked for after down is not promised', async (t) => {
  const { path, parts, director } = await served(t)
  let release = () => {}
  const taken = new Promise<void>((resolve) => {
    parts.down = () => {
      resolve()
      return new Promise<void>((go) => {
        release = go
      })
    }
  })
  const down = ask(path, { request: 'down' })
  await taken
  const late = await ask(path, commands({ type: 'add-service', service: { ...web, scheduler: 'rr' } }))
  t.strictSame(late, [{ error: { code: 'NOT_RUNNING', message: 'the director is going down' } }])
  t.strictSame(director.services(), [])
  t.match(await ask(path, { request: 'status' }), [{ result: {} }])
  release()
  t.strictSame(await down, [{ result: null }])
})

t.test('how many commands were carried out is told', async (t) => {
  const { path, went } = await served(t)
  await ask(path, commands({ type: 'zero' }, { type: 'zero' }))
  t.same(went, ['2 commands'])
})

t.test('others are answered while many commands are carried out', async (t) => {
  const { path, director } = await served(t)
  const many = Array.from({ length: 10_000 }, (_, i) => ({ ...web, vport: i + 1, scheduler: 'rr' }))
  const carryOut = director.executeAll.bind(director)
  let carriedOut = 0
  let meanwhile: Promise<number> | undefined
  director.executeAll = (some) => {
    meanwhile ??= ask(path, { request: 'timeouts' }).then(() => carriedOut)
    carriedOut += some.length
    return carryOut(some)
  }
  const done = ask(path, commands(...many.map((service) => ({ type: 'add-service', service }) as const)))
  t.strictSame(await done, [{ result: Array(10_000).fill(null) }])
  t.ok(((await meanwhile) ?? 0) < 10_000, `${await meanwhile} of 10000`)
})

t.test('down for a client that does not wait, or does not go away', async (t) => {
  for (const after of ['gone', 'stays'] as const) {
    const { path, server, parts } = await served(t)
    const ended = new Promise<void>((resolve) => {
      parts.ended = resolve
    })
    const socket = connect(path)
    t.teardown(() => socket.destroy())
    socket.write('{"request":"down"}\n', () => after === 'gone' && socket.destroy())
    await ended
    await server.close()
    t.pass(`a client that is ${after}`)
  }
})
