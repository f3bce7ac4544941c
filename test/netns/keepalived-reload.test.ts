import { download } from '../lib/http.js'
import { realIpvsadm } from '../lib/ipvs-client.js'
import { parseStats, type ServiceStats } from '../lib/ipvsadm-output.js'
import { webService } from '../lib/keepalived-conf.js'
import { confOf, type PairDirector, pairService, pairVip, startPair } from '../lib/pair-lab.js'
import { pairTest } from '../lib/pair-test.js'
import { writeRandomFile } from '../lib/random-file.js'
import { failed, SteadyClient } from '../lib/steady-client.js'

interface Changing {
  readonly port: number
  readonly scheduler?: string
  readonly weight?: number
  readonly servers: readonly string[]
}

const megabytes = 30
const [first = '', second = ''] = pairService.servers
const unchanged: Changing = { port: 80, servers: [first, second] }
const before: readonly Changing[] = [
  unchanged,
  { port: 81, servers: [first, second] },
  { port: 82, servers: [first, second] },
]
const after: readonly Changing[] = [
  unchanged,
  { port: 81, scheduler: 'wrr', weight: 3, servers: [second] },
  { port: 83, servers: [first] },
]

await pairTest('SIGHUP under load', async (t, lab) => {
  const { server11 } = lab.directors
  await startPair(lab, confTextOf(before))
  t.equal(await realIpvsadm(server11.xlvs, '-Sn'), savedOf(before), 'as configured')

  const sha256 = writeRandomFile(`${lab.filesDirectory}/big`, megabytes)
  const client = await SteadyClient.start(lab.client.namespace, lab.url)
  await client.asks(20)
  const connections: string[][] = []
  const counters: ServiceStats[] = []
  const look = async () => {
    connections.push(await connectionsOf(server11))
    counters.push(await statsOf(server11))
  }
  const reload = async () => {
    await look()
    server11.keepalived.configure(confOf(server11, confTextOf(after)))
    await server11.keepalived.reload()
    await look()
  }
  const got = await download(lab.client.namespace, `${lab.url}files/big`, [[10e6, reload]])
  t.strictSame(got, { bytes: megabytes * 1e6, sha256 }, 'a download goes on across it')
  t.equal(await realIpvsadm(server11.xlvs, '-Sn'), savedOf(after), 'what was changed has changed')

  await client.asks(20)
  const requests = await client.stop()
  t.strictSame(failed(requests), [], `none of ${requests.length} requests failed`)
  const [earlier = [], later = []] = connections
  t.ok(earlier.length > 20, `${earlier.length} connections were listed before`)
  t.strictSame(
    earlier.filter((line) => !later.includes(line)),
    [],
    'all of them are listed after it',
  )
  const [old, { inPackets: newer = 0 } = {}] = counters
  t.ok(newer >= (old?.inPackets ?? Infinity), `packets: ${old?.inPackets}, then ${newer}`)
  t.equal((await statsOf(server11)).conns, requests.length + 1, 'each request and the download is counted')
})

function confTextOf(services: readonly Changing[]): string {
  return services.map((service) => webService({ vip: pairVip, ...service })).join('')
}

/** What `ipvsadm -Sn` prints for these services. */
function savedOf(services: readonly Changing[]): string {
  const lines = services.flatMap(({ port, scheduler = 'rr', weight = 1, servers }) => [
    `-A -t ${pairVip}:${port} -s ${scheduler}`,
    ...servers.map((rip) => `-a -t ${pairVip}:${port} -r ${rip}:${port} -g -w ${weight}`),
  ])
  return `${lines.join('\n')}\n`
}

/** Of VIP:80, without what changes by itself: time left and state. */
async function connectionsOf({ xlvs }: PairDirector): Promise<string[]> {
  const lines = (await realIpvsadm(xlvs, '-Lnc')).trim().split('\n').slice(2)
  return lines.map((line) => line.split(/\s+/).slice(3).join(' ')).filter((line) => line.includes(`${pairVip}:80 `))
}

async function statsOf({ xlvs }: PairDirector): Promise<ServiceStats> {
  const [service] = parseStats(await realIpvsadm(xlvs, '-Ln --stats --exact'))
  if (!service) throw new Error('ipvsadm lists no service')
  return service
}
