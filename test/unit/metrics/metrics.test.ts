import { spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { serverLaneLayout, tableStatsLayout, verdictNames } from '../../../src/dataplane/tables/layout.gen.js'
import { toBytes } from '../../../src/dataplane/tables/layout-fields.js'
import { MappedArray } from '../../../src/dataplane/tables/mapped-array.js'
import { MetricsPage } from '../../../src/metrics/page.js'
import { serveMetrics } from '../../../src/metrics/server.js'
import { MetricsText } from '../../../src/metrics/text.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import type { MemoryDataplane } from '../../lib/memory-dataplane.js'
import { MemoryLog } from '../../lib/memory-log.js'
import { dns, routed, startedDirector, web } from '../director/fixture.js'

async function measured() {
  const fixture = await startedDirector()
  const { director, dataplane, nextHops } = fixture
  nextHops.set('10.0.0.11', hopTo(11))
  for (const key of [web, dns]) director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11', 7) })
  director.execute({ type: 'add-server', key: dns, server: { ...routed('10.0.0.12'), rport: 53 } })
  dataplane.connect({ ...web, vport: 81 }, 9)
  for (const [i, client] of dataplane.connect(web, 3).entries()) {
    for (let n = 0; n < 5; n++) dataplane.send(client)
    dataplane.send(client, i < 2 ? 'A' : 'FA')
  }
  setBytes(dataplane, 2 ** 40)
  dataplane.module.maps.tableStats.update(Buffer.alloc(4), toBytes(tableStatsLayout, { evicted: 4n, expired: 5n }))
  const metrics = new MetricsText(director, fixture.clock)
  return { ...fixture, metrics, page: new MetricsPage(metrics, fixture.clock), read: () => textOf(metrics) }
}

async function textOf(metrics: MetricsText): Promise<string> {
  let all = ''
  for await (const piece of metrics.pieces()) all += piece
  return all
}

/** Sets the bytes that the server that was added first has been sent: more than packets of a test can be. */
function setBytes({ module: { maps } }: MemoryDataplane, inBytes: number): void {
  const lanes = new MappedArray(maps.serverLanes, serverLaneLayout)
  const { traffic, ...lane } = lanes.get(0)
  lanes.set(0, { ...lane, traffic: { ...traffic, bytes: BigInt(inBytes) } })
}

/** The lines of the page that are values of ours. */
function values(text: string): string[] {
  return text.split('\n').filter((line) => /^(node_ipvs|xlvs)_/.test(line))
}

t.test('the values of node_exporter and our own', async (t) => {
  const { read } = await measured()
  const web = 'local_address="192.0.2.10",local_port="80"'
  const dns = 'local_address="192.0.2.10",local_port="53"'
  const webServer = `${web},remote_address="10.0.0.11",remote_port="80",proto="TCP"`
  const dnsServer = `${dns},remote_address="10.0.0.12",remote_port="53",proto="UDP"`
  const packets: Partial<Record<string, number>> = { pass_no_service: 9, route_tx: 21 }
  const verdicts = verdictNames.map((name) => name.toLowerCase()).map((name) => [name, packets[name] ?? 0])
  t.strictSame(values(await read()), [
    'node_ipvs_connections_total 3',
    'node_ipvs_incoming_packets_total 21',
    'node_ipvs_outgoing_packets_total 0',
    'node_ipvs_incoming_bytes_total 1099511627776',
    'node_ipvs_outgoing_bytes_total 0',
    `node_ipvs_backend_connections_active{${webServer},local_mark=""} 2`,
    `node_ipvs_backend_connections_active{${dnsServer},local_mark=""} 0`,
    `node_ipvs_backend_connections_inactive{${webServer},local_mark=""} 1`,
    `node_ipvs_backend_connections_inactive{${dnsServer},local_mark=""} 0`,
    `node_ipvs_backend_weight{${webServer},local_mark=""} 7`,
    `node_ipvs_backend_weight{${dnsServer},local_mark=""} 1`,
    'xlvs_dataplane_info{dataplane="memory",interface="memory0",mode="native"} 1',
    ...verdicts.map(([name, packets]) => `xlvs_verdicts_total{verdict="${name}"} ${packets}`),
    'xlvs_connections_in_use 3',
    'xlvs_connections_capacity 1024',
    'xlvs_connections_evicted_total 4',
    'xlvs_connections_expired_total 5',
    'xlvs_unresolved_next_hops 1',
    `xlvs_service_connections_total{${web},proto="TCP"} 3`,
    `xlvs_service_connections_total{${dns},proto="UDP"} 0`,
    `xlvs_service_incoming_packets_total{${web},proto="TCP"} 21`,
    `xlvs_service_incoming_packets_total{${dns},proto="UDP"} 0`,
    `xlvs_service_incoming_bytes_total{${web},proto="TCP"} 1099511627776`,
    `xlvs_service_incoming_bytes_total{${dns},proto="UDP"} 0`,
  ])
})

t.test('a text is read anew', async (t) => {
  const { read, director, dataplane } = await measured()
  await read()
  dataplane.connect(web, 3)
  t.match(await read(), /^node_ipvs_backend_connections_active\{.*10\.0\.0\.11.*\} 5$/m)
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.12', 3) })
  const grown = await read()
  t.match(grown, /^node_ipvs_backend_connections_active\{.*10\.0\.0\.11.*\} 5$/m, 'its labels are its own')
  t.match(
    grown,
    /^node_ipvs_backend_weight\{local_address="192.0.2.10",local_port="80",remote_address="10.0.0.12".*\} 3$/m,
  )
  director.execute({ type: 'flush' })
  t.notMatch(await read(), /10\.0\.0\.11/)
})

const noPromtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : false

t.test('promtool has nothing to say', { skip: noPromtool }, async (t) => {
  const { read } = await measured()
  const input = await read()
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  t.equal(stdout + stderr, '')
  t.equal(status, 0)
})

t.test('the page over HTTP', async (t) => {
  const { page, dataplane, clock } = await measured()
  const log = new MemoryLog()
  const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, page, log)
  t.teardown(() => server.close())
  const get = (path: string, method = 'GET') => fetch(`http://${server.address}${path}`, { method })

  const metrics = await get('/metrics')
  t.equal(metrics.status, 200)
  t.match(metrics.headers.get('content-type'), /^text\/plain; version=0.0.4/)
  t.match(await metrics.text(), /^node_ipvs_connections_total 3$/m)
  t.match(await (await get('/')).text(), /href="\/metrics"/)
  t.equal((await get('/metric')).status, 404)
  t.equal((await get('/metrics', 'POST')).status, 405)

  dataplane.stats = () => {
    throw new Error('EIO')
  }
  await clock.advance(1000)
  t.equal((await get('/metrics')).status, 500)
  t.strictSame(log.lines, ['error metrics could not be read'])
})

t.test('nothing that is sent to it ends it', async (t) => {
  const { page } = await measured()
  const log = new MemoryLog()
  const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, page, log)
  t.teardown(() => server.close())
  const port = Number(server.address.split(':').at(-1))
  const request = (target: string, method = 'GET') =>
    `${method} ${target} HTTP/1.1\r\nHost: xlvs\r\nConnection: close\r\n\r\n`
  const cases: [sent: string, status: string][] = [
    [request('//'), '400'],
    [request('http://'), '400'],
    [request('http://[/metrics'), '400'],
    [request(`http://${server.address}/metrics`), '200'],
    [request('/metrics?'), '200'],
    [request('/%'), '404'],
    [request('*', 'OPTIONS'), '404'],
    [request('metrics'), '400'],
    ['rubbish\r\n\r\n', '400'],
    ['\0\xff', '400'],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`, '431'],
    [request('/metrics').replace('Host', 'Ho st'), '400'],
    [request('xlvs:80', 'CONNECT'), ''],
  ]
  for (const [sent, status] of cases) {
    const socket = connect(port, '127.0.0.1')
    socket.write(sent)
    // A client that has closed its half gets no page: node:http ends the other.
    if (status !== '200') socket.end()
    const [, answered = ''] = /^HTTP\/1\.1 (\d+)/.exec(await text(socket)) ?? []
    t.equal(answered, status, JSON.stringify(sent.slice(0, 40)))
  }
  t.strictSame(log.lines, [])
  t.equal((await fetch(`http://${server.address}/metrics`)).status, 200)
})

t.test('an address in use', async (t) => {
  const { page } = await measured()
  const first = await serveMetrics({ host: '127.0.0.1', port: 0 }, page, new MemoryLog())
  t.teardown(() => first.close())
  const port = Number(first.address.split(':').at(-1))
  await t.rejects(serveMetrics({ host: '127.0.0.1', port }, page, new MemoryLog()), {
    code: 'BUSY',
    message: new RegExp(`^metrics: cannot listen on 127.0.0.1:${port}`),
  })
})
