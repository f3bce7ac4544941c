/** How the page of metrics is made, kept and sent. */
import { get } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { Clock } from '../../../src/core/clock.js'
import { MetricsPage } from '../../../src/metrics/page.js'
import { serveMetrics } from '../../../src/metrics/server.js'
import { takeSnapshot } from '../../../src/metrics/snapshot.js'
import { MetricsText } from '../../../src/metrics/text.js'
import { TimeSlices } from '../../../src/metrics/time-slices.js'
import { MemoryLog } from '../../lib/memory-log.js'
import { burst, dns, routed, sendBurst, startedDirector, web } from '../director/fixture.js'

/** Time goes on by a millisecond whenever it is asked for. */
class BusyClock implements Clock {
  #nowMs = 0
  nowMs(): number {
    return this.#nowMs++
  }
  after(): () => void {
    return () => {}
  }
}

async function withServices() {
  const fixture = await startedDirector()
  for (const key of [web, dns]) {
    fixture.director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
    fixture.director.execute({ type: 'add-server', key, server: { ...routed('10.0.0.11'), rport: key.vport } })
    fixture.nextHops.set('10.0.0.11', 'local')
  }
  return { ...fixture, page: new MetricsPage(new MetricsText(fixture.director, fixture.clock), fixture.clock) }
}

async function serve(t: Test) {
  const { page } = await withServices()
  const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, page, new MemoryLog())
  t.teardown(() => server.close())
  return { page, url: `http://${server.address}/metrics`, port: Number(server.address.split(':').at(-1)) }
}

t.test('scrapers share a page for a second', async (t) => {
  const { page, clock } = await withServices()
  const [first, second] = await Promise.all([page.get(), page.get()])
  t.equal(second, first)
  await clock.advance(999)
  t.equal(await page.get(), first)
  await clock.advance(1)
  t.not(await page.get(), first)
})

t.test('the event loop goes on while services are read and rows are written', async (t) => {
  const { director } = await startedDirector()
  const services = 100
  for (let i = 0; i < services; i++) {
    const key = { ...web, vport: 1 + i }
    director.execute({ type: 'add-service', service: { ...key, scheduler: 'rr' } })
    for (const rip of ['10.0.0.11', '10.0.0.12', '10.0.0.13']) {
      director.execute({ type: 'add-server', key, server: routed(rip) })
    }
  }
  let turns = 0
  let isDone = false
  const count = () => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  const clock = new BusyClock()
  await takeSnapshot(director, new TimeSlices(clock))
  const reading = turns
  t.ok(reading >= services / 5, `${reading} turns`)
  let text = ''
  for await (const piece of new MetricsText(director, clock).pieces()) text += piece
  isDone = true
  t.equal(text.match(/^node_ipvs_backend_weight\{/gm)?.length, 3 * services, 'each portion has its rows')
  t.equal(text.match(/^# TYPE node_ipvs_backend_weight /gm)?.length, 1, 'and one has the head')
})

for (const [name, command] of [
  ['deleted', { type: 'delete-service', key: dns }],
  ['zeroed', { type: 'zero', key: dns }],
] as const) {
  t.test(`totals keep the traffic of a service that is ${name} before it is read`, async (t) => {
    const fixture = await withServices()
    sendBurst(fixture, dns)
    const { director } = fixture
    const snapshot = await takeSnapshot(
      {
        status: () => director.status(),
        totals: (services) => director.totals(services),
        *eachService() {
          for (const view of director.eachService()) {
            yield view
            if (view.protocol === 'tcp') director.execute(command)
          }
        },
      },
      new TimeSlices(fixture.clock),
    )
    t.strictSame(snapshot.totals, burst)
  })
}

t.test('compressed for those who can read it', async (t) => {
  const { page, url } = await serve(t)
  const fetched = (accepted?: string) =>
    new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
      get(url, { headers: accepted === undefined ? {} : { 'accept-encoding': accepted } }, async (response) => {
        resolve({ encoding: response.headers['content-encoding'], body: await buffer(response) })
      }).on('error', reject)
    })
  const compressed = await page.get()
  for (const accepted of ['gzip', 'deflate, GZIP;q=0.5']) {
    t.strictSame(await fetched(accepted), { encoding: 'gzip', body: compressed }, accepted)
  }
  for (const accepted of [undefined, '', 'deflate', 'gzip;q=0', 'gzip; q=0.00, br', 'xgzip']) {
    t.strictSame(await fetched(accepted), { encoding: undefined, body: gunzipSync(compressed) }, String(accepted))
  }
})

t.test('one connection cannot ask for any number of pages at once', async (t) => {
  const { url, port } = await serve(t)
  const requests = 200
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('GET /metrics HTTP/1.1\r\nHost: xlvs\r\n\r\n'.repeat(requests))
  let text = ''
  for await (const piece of socket.setEncoding('latin1')) {
    text += piece
    if ((text.match(/HTTP\/1\.1 /g)?.length ?? 0) === requests) break
  }
  t.equal(text.match(/HTTP\/1\.1 200/g)?.length, 64)
  t.equal(text.match(/HTTP\/1\.1 503/g)?.length, requests - 64)
  t.equal((await fetch(url)).status, 200)
})
