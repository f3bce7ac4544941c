/** Clients that open connections and say nothing, and a process without descriptors: the director goes on. */
import { readdirSync } from 'node:fs'
import { maxMetricsConnections } from '../../src/metrics/server.js'
import { DirectorProcess } from '../lib/director-process.js'
import { executeOrThrow } from '../lib/process.js'
import { waitFor } from '../lib/wait-for.js'
import { type Fixture, startupTest } from './startup-fixture.js'

const rips = ['10.9.0.11', '10.9.0.12']
const idle = 1100
/** Of the namespace, where nobody else has one. */
const port = '9110'

/** Holds connections, those that are closed again as well, and says when it has tried all. */
const holder = `
  const [port, count] = process.argv.slice(1)
  let waiting = Number(count)
  for (let i = 0; i < count; i++) {
    const tried = () => --waiting === 0 && console.log('tried')
    const socket = require('node:net').connect(port, '127.0.0.1', () => { socket.write('GET /met'); tried() })
    socket.on('error', () => {})
  }
  setInterval(() => {}, 1000)`

for (const dataplane of ['xdp', 'raw']) {
  startupTest(`idle connections to the metrics: ${dataplane}`, async (t, fixture) => {
    const { director, pid } = await started(fixture, dataplane)
    await limit(pid, 1024)
    const clients = fixture.namespace.spawn(process.execPath, ['-e', holder, port, String(idle)])
    await clients.says(/tried/)
    t.ok(openFiles(pid) < 1024 / 2, `${openFiles(pid)} descriptors`)
    t.match(await director.ipvsadm('-Ln'), /TCP {2}192\.0\.2\.10:80/)
    const warnings = director.log.split('\n').filter((line) => line.includes('too many connections at once'))
    t.equal(warnings.length, 1)
    t.match(JSON.parse(warnings[0] ?? ''), { listener: 'metrics', cap: maxMetricsConnections })
    const page = () => fixture.namespace.try('curl', ['-sf', `http://127.0.0.1:${port}/metrics`])
    await waitFor('idle clients to be cut off', async () => (await page()).status === 0, 20_000)
    await wayIsFound(director)
    clients.kill()
    t.equal(await director.end('SIGTERM'), 0)
  })

  startupTest(`no descriptors: ${dataplane}`, async (t, fixture) => {
    const { director, pid } = await started(fixture, dataplane)
    const open = openFiles(pid)
    await limit(pid, 4)
    await waitFor('a lack of descriptors', () => director.log.includes('EMFILE'))
    t.ok(director.daemon.running)
    await limit(pid, open + 256)
    await wayIsFound(director)
    t.equal(await director.end('SIGTERM'), 0)
  })
}

startupTest('a limit that is too low is told', async (t, { director }) => {
  const { namespace, options } = director(['eth0'])
  const low = new DirectorProcess(namespace, { ...options, under: ['prlimit', '--nofile=256:256', '--'] })
  await low.start()
  await low.daemon.says(/"limit":256,"needed":\d+,"msg":"the limit of open files is too low/)
  t.pass('it is in the log')
  await low.end('SIGTERM')
})

async function started({ director, namespace }: Fixture, dataplane: string) {
  const neighbours = rips.map((rip, i) => `neighbour add ${rip} lladdr 02:00:00:00:00:0${i} dev eth0 nud permanent`)
  await namespace.ip(['address add 10.9.0.5/24 dev eth0', 'link set eth0-peer up', ...neighbours])
  const running = director(['eth0'], '--dataplane', dataplane, '--metrics', `127.0.0.1:${port}`)
  await running.start()
  await running.ipvsadm('-A -t 192.0.2.10:80')
  await running.ipvsadm(`-a -t 192.0.2.10:80 -r ${rips[0]} -g`)
  return { director: running, pid: running.daemon.pid }
}

/** A new server is given its way: routes and neighbours are read. */
async function wayIsFound(director: DirectorProcess): Promise<void> {
  await director.ipvsadm(`-a -t 192.0.2.10:80 -r ${rips[1]} -g`)
  await waitFor('the way to be known', async () => (await director.status()).unresolved.length === 0, 15_000)
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Sets both limits of open files of a process. */
async function limit(pid: number, files: number): Promise<void> {
  await executeOrThrow('prlimit', [`--nofile=${files}:1024`, '--pid', String(pid)])
}
