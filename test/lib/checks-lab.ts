/**
 * A lab for keepalived's checks: a director, which usually has its VIPs for good, three real servers, one that says sorry, and a
 * client, all on one segment. What a second director adds is in pair-lab.ts.
 */
import { join } from 'node:path'
import type { Address } from '../../src/core/address.js'
import { CheckedServer, type WebPorts } from './checked-server.js'
import { DirectorProcess } from './director-process.js'
import { ipvsClient } from './ipvs-client.js'
import { globalDefs } from './keepalived-conf.js'
import { KeepalivedProcess } from './keepalived-process.js'
import { type Host, Network } from './network.js'
import { prepareRealServer } from './real-server.js'
import { inWorkspace, type Workspace } from './workspace.js'

const segment = 'lan'
const addresses = {
  client: '172.26.0.250',
  director: '172.26.0.10',
  server1: '172.26.0.11',
  server2: '172.26.0.12',
  server3: '172.26.0.13',
  sorry: '172.26.0.19',
} as const

/** The first is meant where nothing else is said. */
export const vips = ['172.26.0.100', '172.26.0.101', '172.26.0.102'] as const
export const vip: Address = vips[0]

export type CheckedServerName = 'server1' | 'server2' | 'server3' | 'sorry'

export interface ChecksLab {
  readonly workspace: Workspace
  readonly network: Network
  readonly client: Host
  readonly host: Host
  readonly xlvs: DirectorProcess
  readonly keepalived: KeepalivedProcess
  readonly servers: Readonly<Record<CheckedServerName, CheckedServer>>
  /** Files put here are served as VIP/files/NAME by every real server. */
  readonly filesDirectory: string
  close(): void
}

export interface ChecksOptions {
  /** Default: none. */
  readonly ports?: Partial<WebPorts>
  /** Real servers that are reached by TUN; the others are by DR. */
  readonly tunnelled?: readonly CheckedServerName[]
  /** The director has its VIPs from VRRP alone. */
  readonly vipsByVrrp?: boolean
}

/** Builds all of it; neither xlvs nor keepalived runs yet. On failure nothing is left. */
export function buildChecksLab(options: ChecksOptions): Promise<ChecksLab> {
  return inWorkspace((workspace) => build(workspace, options))
}

/** Starts xlvs, and keepalived with these services and what a keepalived.conf begins with. */
export async function startChecks({ xlvs, keepalived }: ChecksLab, services: string): Promise<void> {
  await xlvs.start()
  keepalived.configure(globalDefs() + services)
  await keepalived.start()
}

/** Address of a real server. */
export function ripOf(lab: ChecksLab, name: CheckedServerName): Address {
  return lab.servers[name].host.address
}

async function build(workspace: Workspace, options: ChecksOptions): Promise<ChecksLab> {
  const { ports = {}, tunnelled = [], vipsByVrrp = false } = options
  const network = await Network.create(workspace)
  const filesDirectory = workspace.temporaryDirectory('files')
  const machine = (name: keyof typeof addresses, sendsByXdp = false) =>
    network.host(name, { interfaces: [{ segment, address: `${addresses[name]}/24` }], sendsByXdp })

  const server = async (name: CheckedServerName): Promise<CheckedServer> => {
    const host = await machine(name)
    const forwarding = tunnelled.includes(name) ? 'tunnel' : 'route'
    await prepareRealServer(host, { vip, forwarding }, workspace)
    if (!vipsByVrrp) await host.namespace.ip(vips.slice(1).map((other) => `address add ${other}/32 dev lo`))
    const directory = workspace.temporaryDirectory(name)
    return CheckedServer.start(host, directory, filesDirectory, { plain: [], tls: [], ...ports })
  }
  const [client, host, server1, server2, server3, sorry] = await Promise.all([
    machine('client'),
    machine('director', true),
    server('server1'),
    server('server2'),
    server('server3'),
    server('sorry'),
  ])
  if (!vipsByVrrp) await host.namespace.ip(vips.map((address) => `address add ${address}/32 dev eth0`))
  const directory = workspace.temporaryDirectory('director')
  const xlvs = new DirectorProcess(host.namespace, {
    interfaces: ['eth0'],
    pinDirectory: workspace.pinPath('director'),
    runtimeDirectory: join(directory, 'run'),
  })
  const keepalived = new KeepalivedProcess(host.namespace, {
    directory: join(directory, 'keepalived'),
    ...ipvsClient(xlvs),
  })
  return {
    workspace,
    network,
    client,
    host,
    xlvs,
    keepalived,
    servers: { server1, server2, server3, sorry },
    filesDirectory,
    close: () => workspace.close(),
  }
}
