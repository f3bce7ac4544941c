import type { Test } from 'tap'
import { answers } from '../lib/answers.js'
import { healthCheck, type VirtualServerText, virtualServer } from '../lib/checks-conf.js'
import { type ChecksLab, ripOf, startChecks, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { realIpvsadm } from '../lib/ipvs-client.js'
import { vrrpInstance } from '../lib/keepalived-conf.js'
import { sameListings } from '../lib/same-listings.js'
import { weightsAre } from '../lib/service-weights.js'
import { waitFor } from '../lib/wait-for.js'

/** A service that needs what the data plane lacks. */
interface Lack extends Partial<Omit<VirtualServerText, 'port' | 'servers'>> {
  readonly port: number
  /** In server1's block. */
  readonly linesOfServer1?: string
  /** What xlvs says about it: the service, and the feature. */
  readonly service?: string
  readonly feature: RegExp
}

const [before, after] = [8001, 8002]
/** Taken by VRRP, for the sync daemon's sake. */
const vrrpVip = '172.26.0.200'

const lacks: readonly Lack[] = [
  { port: 8101, lines: 'persistence_timeout 50', feature: /persistence/ },
  { port: 8102, lines: 'persistence_timeout 50\n persistence_granularity 255.255.255.0', feature: /persistence/ },
  { port: 8103, algo: 'sh', feature: /-s sh/ },
  { port: 8104, algo: 'dh', feature: /-s dh/ },
  { port: 8105, algo: 'mh', lines: 'mh-port', feature: /-s mh/ },
  { port: 8106, algo: 'sed', feature: /-s sed/ },
  { port: 8107, kind: 'NAT', feature: /masquerading/ },
  { port: 8108, protocol: 'SCTP', service: `sctp ${vip}:8108`, feature: /SCTP/ },
  { port: 8109, protocol: 'UDP', lines: 'ops', service: `udp ${vip}:8109`, feature: /one-packet/ },
  { port: 8110, linesOfServer1: 'uthreshold 20\n lthreshold 10', feature: /thresholds/ },
  { port: 8111, linesOfServer1: 'lvs_method TUN type gue port 6080', feature: /gue/ },
  { port: 8112, of: 'fwmark 7', service: 'fwmark 7', feature: /marks/ },
  { port: 8113, of: `${vip} 0`, lines: 'persistence_timeout 50', service: `tcp ${vip}:0`, feature: /port 0/ },
]

const ports = [before, after, ...lacks.map(({ port }) => port)]

await checksTest('services that need what xlvs does not have', { ports: { plain: ports } }, async (t, lab) => {
  const { server1, server2 } = lab.servers
  for (const server of [server1, server2]) server.report('web')
  await startChecks(lab, conf(lab))

  await t.test('are refused; those before and behind them in the file work', (t) => othersWork(t, lab))
  await t.test('while servers fail and return, too', async (t) => {
    server1.retract('web')
    for (const port of [before, after]) await weightsAre(lab, `TCP ${vip}:${port}`, { server2: 1 })
    await waitFor('keepalived to have seen it everywhere', () => saidOf(lab, 'Removing').size === ports.length)
    server1.report('web')
    await waitFor('keepalived to have seen it return', () => saidOf(lab, 'Adding').size === ports.length)
    await othersWork(t, lab)
  })
  await t.test('xlvs says once of each what it lacks', async (t) => {
    await waitFor('the sync daemon to be asked for', () => refusals(lab).some(({ feature }) => /daemon/.test(feature)))
    for (const { port, service = `tcp ${vip}:${port}`, feature } of lacks) {
      const said = refusals(lab).filter((refusal) => refusal.service === service && feature.test(refusal.feature))
      t.equal(said.length, 1, `${service}: ${said[0]?.feature}`)
    }
    const [address] = refusals(lab).filter(({ service }) => service === 'tcp [fd00::100]:80')
    t.equal(address?.feature, 'IPv6')
    const all = refusals(lab).map(({ service, feature }) => `${service} ${feature}`)
    t.strictSame(all, [...new Set(all)], 'nothing is said twice')
  })
})

async function othersWork(t: Test, lab: ChecksLab): Promise<void> {
  for (const port of [before, after]) {
    await weightsAre(lab, `TCP ${vip}:${port}`, { server1: 1, server2: 1 })
    const seen = await answers(lab.client.namespace, `http://${vip}:${port}/`, 10)
    t.strictSame(seen, { server1: 5, server2: 5 }, `port ${port}`)
  }
  const listed = await realIpvsadm(lab.xlvs, '-Sn')
  const rules = (port: number, kept: readonly string[]) => [
    `-A -t ${vip}:${port} -s rr`,
    ...kept.map((rip) => `-a -t ${vip}:${port} -r ${rip}:${port} -g -w 1`),
  ]
  const [one, two] = [ripOf(lab, 'server1'), ripOf(lab, 'server2')]
  const expected = [
    ...rules(before, [one, two]),
    ...rules(after, [one, two]),
    // The service is as any other; it is its servers, or one of them, that xlvs cannot have.
    ...rules(8107, []),
    ...rules(8110, [two]),
    ...rules(8111, [two]),
  ]
  t.strictSame(listed.trim().split('\n'), expected, 'nothing else is there')
  await sameListings(t, lab)
}

interface Refusal {
  readonly service: string
  readonly feature: string
}

/** What xlvs has logged for want of a feature. */
function refusals({ xlvs }: ChecksLab): Refusal[] {
  const lines = xlvs.log.split('\n').filter((line) => line.includes('does not support'))
  return lines.map((line) => JSON.parse(line) as Refusal)
}

/** The services that keepalived has said it removes server1 from, or adds it to. */
function saidOf(lab: ChecksLab, what: 'Removing' | 'Adding'): Set<string | undefined> {
  const line = `${what} service [${ripOf(lab, 'server1')}]`
  const lines = lab.keepalived.log.split('\n').filter((text) => text.includes(line))
  return new Set(lines.map((text) => / VS (.+)$/.exec(text)?.[1]))
}

function conf(lab: ChecksLab): string {
  const { notifyScript } = lab.keepalived
  const vrrp = vrrpInstance({ state: 'MASTER', priority: 250, vip: vrrpVip, notifyScript })
  const works = (port: number) => service(lab, { port })
  const six = virtualServer({ of: 'fd00::100 80', port: 80, servers: [{ rip: 'fd00::11', lines: 'TCP_CHECK { }' }] })
  const services = lacks.map((lack) => service(lab, lack)).join('')
  return `global_defs {\n lvs_sync_daemon eth0 VI_1\n}\n${vrrp}${works(before)}${services}${six}${works(after)}`
}

function service(lab: ChecksLab, { port, linesOfServer1 = '', ...lack }: Omit<Lack, 'feature'>): string {
  const servers = [
    { rip: ripOf(lab, 'server1'), lines: `${healthCheck('web', port)}\n ${linesOfServer1}` },
    { rip: ripOf(lab, 'server2'), lines: healthCheck('web', port) },
  ]
  return virtualServer({ of: `${vip} ${port}`, port, servers, ...lack })
}
