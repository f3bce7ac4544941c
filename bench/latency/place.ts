import { controlClient } from '../../src/cli/client.js'
import { DirectorProcess } from '../../test/lib/director-process.js'
import { type Host, Network } from '../../test/lib/network.js'
import { startNginx } from '../../test/lib/nginx.js'
import { waitFor } from '../../test/lib/wait-for.js'
import type { Workspace } from '../../test/lib/workspace.js'

const rip = '192.168.0.100'
const vips = { xlvs: '192.168.0.1', ipvs: '192.168.0.2' } as const

/** A way from the client to the web server. */
export interface Way {
  readonly subject: string
  readonly url: string
  /** Whether packets pass a director. */
  readonly sees: boolean
  /** Packets that its director has counted so far. */
  packets(): Promise<number>
}

/** Client, directors and a web server on one segment; each director has a VIP of its own. */
export async function buildPlace(workspace: Workspace, withIpvs: boolean): Promise<{ client: Host; ways: Way[] }> {
  const network = await Network.create(workspace)
  const host = (name: string, address: string, sendsByXdp = false) =>
    network.host(name, { interfaces: [{ segment: 'lan', address: `${address}/24` }], sendsByXdp })
  const client = await host('client', '192.168.0.50')
  const server = await host('server', rip)
  await server.namespace.sysctl({ 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
  await server.namespace.ip(Object.values(vips).map((vip) => `address add ${vip}/32 dev lo`))
  await startNginx(server, workspace.temporaryDirectory('nginx'), workspace.directory)
  const ways: Way[] = [{ subject: 'no director', url: url(rip), sees: false, packets: async () => 0 }]
  ways.push(await xlvs(workspace, await host('xlvs', '192.168.0.10', true)))
  if (withIpvs) ways.push(await kernelIpvs(await host('ipvs', '192.168.0.11')))
  return { client, ways }
}

/** With the port: without, wrk looks it up in /etc/services. */
function url(address: string): string {
  return `http://${address}:80/load`
}

function rules(vip: string): string {
  return `-A -t ${vip}:80 -s wlc\n-a -t ${vip}:80 -r ${rip}:80 -g -w 1\n`
}

async function xlvs(workspace: Workspace, { namespace }: Host): Promise<Way> {
  const vip = vips.xlvs
  await namespace.ip([`address add ${vip}/32 dev eth0`])
  const runtimeDirectory = workspace.temporaryDirectory('xlvs')
  const director = new DirectorProcess(namespace, {
    interfaces: ['eth0'],
    pinDirectory: workspace.pinPath('xlvs'),
    runtimeDirectory,
    args: ['--xdp-mode', 'native', '--log-level', 'error'],
    readyWithinMs: 240_000,
  })
  await director.start()
  await director.script(`ipvsadm -R <<'END'\n${rules(vip)}END\n`)
  const client = controlClient(runtimeDirectory)
  await waitFor('the way to the real server', async () => (await client.status()).unresolved.length === 0, 30_000)
  const packets = async () => {
    const { services } = await client.services()
    return services.reduce((sum, { traffic }) => sum + traffic.inPackets, 0)
  }
  return { subject: 'xlvs DR', url: url(vip), sees: true, packets }
}

async function kernelIpvs({ namespace }: Host): Promise<Way> {
  const vip = vips.ipvs
  await namespace.ip([`address add ${vip}/32 dev eth0`])
  await namespace.exec('/sbin/ipvsadm', ['-R'], { input: rules(vip) })
  // What ipvsadm shows is brought up to date every two seconds (ip_vs_est.c); this is what each CPU has counted.
  const packets = async () => {
    const text = await namespace.exec('cat', ['/proc/net/ip_vs_stats_percpu'])
    const rows = [...text.matchAll(/^ *[0-9A-F]+ +[0-9A-F]+ +([0-9A-F]+)(?: +[0-9A-F]+){3}$/gm)]
    return rows.reduce((sum, [, incoming = '0']) => sum + Number.parseInt(incoming, 16), 0)
  }
  return { subject: 'IPVS DR', url: url(vip), sees: true, packets }
}
