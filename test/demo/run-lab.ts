import type { FrameSummary, PacketSummary } from '../lib/describe-frame.js'
import { applyRules, buildLab, type Lab, macsOf } from '../lib/lab.js'
import { answerCounts, judge, synBeforeAndAfter } from '../lib/lab-judge.js'
import { type Observation, observe } from '../lib/lab-observe.js'
import { type LabSpec, rulesOf } from '../lib/lab-spec.js'
import { withoutPrefix } from '../lib/network.js'
import { columns, section, style, write } from './screen.js'
import { showVerdict } from './verdict.js'

const requests = 30

/**
 * Builds a lab, sends requests through it, shows what happened, and takes it down. Whether it held.
 * @param directorArgs of `xlvs run`.
 */
export async function runLab(spec: LabSpec, directorArgs: readonly string[]): Promise<boolean> {
  write('', style('heading', `${spec.name.toUpperCase()}  ${spec.title}`))
  const startedAt = performance.now()
  const progress = (sentence: string) => write(style('aside', `  … ${sentence}`))
  let lab: Lab | undefined
  try {
    lab = await buildLab(spec, { progress, directorArgs })
    progress('ipvsadm: the rules')
    await applyRules(lab)
    progress(`curl: ${requests} requests, with tcpdump beside the director`)
    const observation = await observe(lab, requests)
    const checks = judge(spec, macsOf(lab), observation)
    await show(lab, observation)
    return showVerdict(spec.name, checks, performance.now() - startedAt)
  } catch (error) {
    write('', `  ${error instanceof Error ? error.message : error}`)
    return showVerdict(spec.name, [], performance.now() - startedAt)
  } finally {
    progress('cleaning up')
    lab?.close()
  }
}

async function show(lab: Lab, observation: Observation): Promise<void> {
  const { spec, director } = lab
  const { dataplane, refusals } = await director.status()
  section('Data plane', [dataplane, ...refusals.map(({ what, reason }) => `not used: ${what}: ${reason}`)])
  section('Hosts', columns(hostsOf(lab).map(([name, address, mac]) => [name, address, mac])))
  section('Rules', rulesOf(spec).trim().split('\n'))

  const counts = [...answerCounts(spec, observation)]
  const bars = counts.map(([name, count]) => [name, String(count), '▇'.repeat(count)])
  section(`Who answered ${requests} requests to ${lab.url}`, columns(bars))

  const seen = [...observation.logged].map(([name, addresses]) => [name, [...new Set(addresses)].join(', ')])
  section('Client address in the log of nginx', columns(seen))

  section('ipvsadm -Ln --stats', (await director.ipvsadm('-Ln --stats')).trimEnd().split('\n'))
  section('First SYN to each real server, before and after the director', frameLines(lab, observation))
}

function hostsOf({ client, routers, directorHost, servers, spec }: Lab): [string, string, string][] {
  const routerRows = routers.flatMap(({ name, macs }) =>
    macs.map((mac, i): [string, string, string] => [
      name,
      withoutPrefix(spec.routers[name]?.interfaces[i]?.address ?? ''),
      mac,
    ]),
  )
  const row = ({ name, address, mac }: Lab['client']): [string, string, string] => [name, address, mac]
  return [row(client), ...routerRows, row(directorHost), ...servers.map(({ host }) => row(host))]
}

/** Two lines for each real server; MACs by the names of their hosts, which stand in the table above. */
function frameLines(lab: Lab, observation: Observation): string[] {
  const macs = macsOf(lab)
  const names = new Map(hostsOf(lab).map(([name, , mac]) => [mac, name]))
  const rows = lab.spec.servers.flatMap((server) => {
    const frames = synBeforeAndAfter(server, macs, observation)
    if (!frames) return [[server.name, 'no frame was seen']]
    return [
      ['before', ...frameCells(frames.before, names)],
      ['after', ...frameCells(frames.after, names)],
    ]
  })
  return columns(rows)
}

function frameCells({ source, destination, packets }: FrameSummary, names: ReadonlyMap<string, string>): string[] {
  const name = (mac: string) => names.get(mac) ?? mac
  const headers = packets.map((packet, i) => (i < packets.length - 1 ? `[${addresses(packet)}]` : addresses(packet)))
  return [`${name(source)}→${name(destination)}`, `${headers.join(' ')} ttl ${packets.at(-1)?.ttl}`]
}

function addresses({ source, sport, destination, dport }: PacketSummary): string {
  return sport === undefined ? `${source}→${destination}` : `${source}:${sport}→${destination}:${dport}`
}
