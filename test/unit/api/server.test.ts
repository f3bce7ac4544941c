import { once } from 'node:events'
import { request } from 'node:http'
import t from 'tap'
import { maxBodyBytes } from '../../../src/api/body.js'
import type { Connection } from '../../../src/core/connection.js'
import { DirectorError } from '../../../src/core/errors.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { dns, routed, web } from '../director/fixture.js'
import { ask, served } from './fixture.js'

const connection: Connection = {
  protocol: 'tcp',
  state: 'ESTABLISHED',
  expiresInMs: 900_000,
  cip: '198.51.100.1',
  cport: 40_000,
  vip: '192.0.2.10',
  vport: 80,
  rip: '10.0.0.11',
  rport: 80,
}

t.test('commands are carried out in order, with a result for each', async (t) => {
  const { path, director, nextHops } = await served(t)
  nextHops.set('10.0.0.11', hopTo(11))
  const reply = await ask(path, 'POST', '/v1/commands', {
    commands: [
      { type: 'add-service', service: { ...web, scheduler: 'wlc' } },
      { type: 'add-service', service: { ...web, scheduler: 'wlc' } },
      { type: 'add-server', key: web, server: routed('10.0.0.11', 5) },
      { type: 'edit-service', service: { ...web, scheduler: 'rr' } },
      { type: 'edit-server', key: web, server: routed('10.0.0.11', 6) },
      { type: 'zero' },
      { type: 'zero', key: web },
      { type: 'set-timeouts', timeouts: { tcpS: 10, tcpFinS: 20, udpS: 30 } },
    ],
  })
  t.equal(reply.status, 200)
  t.strictSame(reply.body, {
    results: [null, { code: 'SERVICE_EXISTS', message: 'tcp 192.0.2.10:80 exists already' }, ...Array(6).fill(null)],
  })
  t.match(director.services(), [{ scheduler: 'rr', servers: [{ rip: '10.0.0.11', weight: 6 }] }])

  const services = await ask(path, 'GET', '/v1/services')
  t.strictSame(services.body, { services: director.services(), tableSize: 1024 })
  t.strictSame((await ask(path, 'GET', '/v1/timeouts')).body, { tcpS: 10, tcpFinS: 20, udpS: 30 })

  const removed = await ask(path, 'POST', '/v1/commands', {
    commands: [
      { type: 'delete-server', key: web, server: { rip: '10.0.0.11', rport: 80 } },
      { type: 'delete-service', key: web },
      { type: 'flush' },
    ],
  })
  t.strictSame(removed.body, { results: [null, null, null] })
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
  const reply = ask(path, 'POST', '/v1/commands', {
    commands: [{ type: 'add-server', key: web, server: routed('10.0.0.11', 1) }],
  }).finally(() => {
    answered = true
  })
  await watched
  await ask(path, 'GET', '/v1/timeouts')
  t.equal(answered, false)
  nextHops.set('10.0.0.11', hopTo(11))
  t.strictSame((await reply).body, { results: [null] })
})

t.test('one service', async (t) => {
  const { path, director } = await served(t)
  for (const key of [web, dns]) director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
  const one = await ask(path, 'GET', '/v1/services?protocol=udp&vip=192.0.2.10&vport=53')
  t.match(one.body, { services: [dns] })
  const none = await ask(path, 'GET', '/v1/services?protocol=udp&vip=192.0.2.10&vport=54')
  t.equal(none.status, 404)
  t.match(none.body, { code: 'NO_SUCH_SERVICE' })
})

t.test('requests that cannot be understood', async (t) => {
  const { path, dataplane } = await served(t)
  dataplane.writes.length = 0
  const post = (body: unknown) => ['POST', '/v1/commands', body] as const
  const command = (part: object) => post({ commands: [{ type: 'add-service', service: { ...web, ...part } }] })
  const cases: [readonly [string, string, unknown?], number, string | RegExp][] = [
    [['GET', '/v2/status'], 404, 'there is no /v2/status'],
    [['GET', '/toString'], 404, 'there is no /toString'],
    [['DELETE', '/v1/services'], 405, '/v1/services takes GET, not DELETE'],
    [['GET', '/v1/commands'], 405, '/v1/commands takes POST, not GET'],
    [post('{"commands": ['), 400, /^body: not JSON/],
    [post('[]'), 400, 'body: [], but an object is needed'],
    [post({}), 400, 'commands: missing, but an array is needed'],
    [post({ commands: [7] }), 400, 'commands[0]: 7, but an object is needed'],
    [post({ commands: [{ type: 'explode' }] }), 400, /^commands\[0\].type: "explode", but one of add-service, .*zero/],
    [command({}), 400, 'commands[0].service.scheduler: missing, but a string is needed'],
    [command({ protocol: 'icmp' }), 400, 'commands[0].service.protocol: "icmp", but one of tcp, udp is needed'],
    [command({ vport: '80' }), 400, 'commands[0].service.vport: "80", but a whole number is needed'],
    [
      post({ commands: [{ type: 'add-server', key: web, server: { ...routed('10.0.0.11'), weight: 1.5 } }] }),
      400,
      'commands[0].server.weight: 1.5, but a whole number is needed',
    ],
    [['GET', '/v1/services?protocol=tcp'], 400, 'vip: missing, but a string is needed'],
    [['GET', '/v1/services?protocol=tcp&vip=192.0.2.10&vport=x'], 400, 'vport: "x", but a whole number is needed'],
  ]
  for (const [[method, url, body], status, message] of cases) {
    const reply = await ask(path, method, url, body)
    t.equal(reply.status, status, `${method} ${url}`)
    t.match(reply.body, { code: 'INVALID', message })
    if (status === 405) t.ok(reply.headers.allow)
  }
  t.strictSame(dataplane.writes, [], 'nothing was carried out')
})

t.test('a body that is too large is refused while it comes', async (t) => {
  const { path } = await served(t)
  const sent = request({ socketPath: path, method: 'POST', path: '/v1/commands', agent: false })
  sent.on('error', () => {})
  const replied = once(sent, 'response')
  const block = Buffer.alloc(2 ** 20, ' ')
  for (let bytes = 0; bytes <= maxBodyBytes; bytes += block.length) sent.write(block)
  const [response] = await replied
  t.equal(response.statusCode, 413)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  t.match(JSON.parse(text), { code: 'INVALID', message: /^body: more than \d+ bytes/ })
  sent.destroy()
  t.equal((await ask(path, 'GET', '/v1/status')).status, 200)
})

t.test('connections, one a line', async (t) => {
  const { path, dataplane } = await served(t)
  dataplane.connectionList = Array.from({ length: 1234 }, (_, i) => ({ ...connection, cport: i + 1 }))
  const reply = await ask(path, 'GET', '/v1/connections')
  t.equal(reply.headers['content-type'], 'application/x-ndjson')
  const lines = reply.text.trimEnd().split('\n')
  t.strictSame(
    lines.map((line) => JSON.parse(line)),
    dataplane.connectionList,
  )
  dataplane.connectionList = []
  t.equal((await ask(path, 'GET', '/v1/connections')).text, '')
})

t.test('a slow reader of connections is waited for, and may go away', async (t) => {
  const { path, dataplane, log } = await served(t)
  let listed = 0
  const returned = new Promise<void>((resolve) => {
    dataplane.connections = async function* () {
      try {
        for (; ; listed++) yield connection
      } finally {
        resolve()
      }
    }
  })
  const sent = request({ socketPath: path, path: '/v1/connections', agent: false })
  sent.end()
  const [response] = await once(sent, 'response')
  response.pause()
  let before = -1
  while (listed !== before) {
    before = listed
    await ask(path, 'GET', '/v1/status')
  }
  t.ok(listed < 1_000_000, `${listed} connections were read ahead`)
  response.destroy()
  await returned
  t.equal((await ask(path, 'GET', '/v1/status')).status, 200)
  t.notMatch(log.lines, [/^error/])
})

t.test('a listing that fails half way does not look complete', async (t) => {
  const { path, dataplane, log } = await served(t)
  dataplane.connections = async function* () {
    for (let i = 0; i < 1000; i++) yield connection
    throw new Error('EIO')
  }
  await t.rejects(ask(path, 'GET', '/v1/connections'), { code: 'ECONNRESET' })
  t.equal(log.lines.filter((line) => line === 'error request failed').length, 1)
})

t.test('status', async (t) => {
  const { path, dataplane, director } = await served(t)
  dataplane.overall = {
    ...dataplane.overall,
    verdicts: new Map([
      ['route_tx', 5],
      ['drop_ttl', 0],
    ]),
  }
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  t.strictSame((await ask(path, 'GET', '/v1/status')).body, {
    version: '1.2.3',
    pinDir: '/sys/fs/bpf/xlvs',
    pid: process.pid,
    dataplane: 'memory',
    interfaces: [{ name: 'memory0', mode: 'native' }],
    services: 1,
    servers: 1,
    connections: { inUse: 0, capacity: 1024, evicted: 0, expired: 0 },
    verdicts: { route_tx: 5, drop_ttl: 0 },
    unresolved: ['10.0.0.11'],
  })
})

t.test('failures: the status of their code; unexpected ones are logged once and not told', async (t) => {
  const { path, dataplane, log } = await served(t)
  for (const { error, status, body, logged } of [
    {
      error: new DirectorError('NO_SPACE', 'full'),
      status: 507,
      body: { code: 'NO_SPACE', message: 'full' },
      logged: 0,
    },
    {
      error: new Error('a secret'),
      status: 500,
      body: { code: 'INTERNAL', message: 'internal error; see the log' },
      logged: 1,
    },
  ]) {
    log.lines.length = 0
    dataplane.stats = () => {
      throw error
    }
    const reply = await ask(path, 'GET', '/v1/status')
    t.equal(reply.status, status)
    t.strictSame(reply.body, body)
    t.equal(log.lines.filter((line) => line.startsWith('error')).length, logged)
  }
})

t.test('down: out of the path, then the answer, then the end', async (t) => {
  const { path, went, server } = await served(t)
  const reply = await ask(path, 'POST', '/v1/down')
  t.equal(reply.status, 204)
  await server.close()
  t.strictSame(went, ['down', 'ended'])
})
