import { join } from 'node:path'
import { DirectorProcess } from './director-process.js'
import type { LabMacs } from './lab-judge.js'
import { type LabServerSpec, type LabSpec, rulesOf } from './lab-spec.js'
import { type Host, type HostSpec, Network } from './network.js'
import { startNginx, type WebServer } from './nginx.js'
import { prepareRealServer } from './real-server.js'
import { inWorkspace, type Workspace } from './workspace.js'

export interface LabServer {
  readonly spec: LabServerSpec
  readonly host: Host
  readonly web: WebServer
}

/** A lab that runs: hosts, web servers, and a director that has no rules yet. */
export interface Lab {
  readonly spec: LabSpec
  readonly workspace: Workspace
  readonly network: Network
  readonly client: Host
  readonly routers: readonly Host[]
  readonly servers: readonly LabServer[]
  readonly directorHost: Host
  readonly director: DirectorProcess
  /** `http://VIP/`. */
  readonly url: string
  /** Files put here are served as VIP/files/NAME by every real server. */
  readonly filesDirectory: string
  close(): void
}

export interface LabOptions {
  /** Told what is being built, before it is. */
  readonly progress?: (sentence: string) => void
  /** Further arguments of `xlvs run`. */
  readonly directorArgs?: readonly string[]
  /** A command that runs it. */
  readonly directorUnder?: readonly string[]
  /** `xlvs` of another installation than the checkout. */
  readonly directorCommand?: string
}

/** Builds a lab up to the started director. On failure nothing is left. */
export function buildLab(spec: LabSpec, options: LabOptions = {}): Promise<Lab> {
  return inWorkspace((workspace) => build(spec, workspace, options))
}

/** Gives the director the lab's rules, by the shell script that an operator would write. */
export async function applyRules(lab: Lab): Promise<void> {
  await lab.director.script(rulesOf(lab.spec))
}

/** What frames of a lab are compared with. */
export function macsOf({ spec, directorHost, servers, routers }: Lab): LabMacs {
  const segment = spec.director.interfaces[0]?.segment
  const onSegment = (host: Host, hostSpec: HostSpec | undefined) =>
    host.macs[hostSpec?.interfaces.findIndex((candidate) => candidate.segment === segment) ?? -1]
  const router = routers.map((host) => onSegment(host, spec.routers[host.name])).find((mac) => mac !== undefined)
  const towards = servers.map(({ spec, host }) => [spec.name, onSegment(host, spec.host) ?? router ?? ''] as const)
  return { director: directorHost.mac, towards: new Map(towards) }
}

async function build(spec: LabSpec, workspace: Workspace, options: LabOptions): Promise<Lab> {
  const { progress = () => {}, directorArgs = [], directorUnder = [] } = options
  progress('network: namespaces, segments, addresses, routes')
  const network = await Network.create(workspace)
  const client = await network.host('client', spec.client)
  const routers: Host[] = []
  for (const [name, router] of Object.entries(spec.routers)) {
    routers.push(await network.host(name, { ...router, router: true }))
  }
  const directorHost = await network.host('director', { ...spec.director, sendsByXdp: true })

  const filesDirectory = workspace.temporaryDirectory('files')
  const servers: LabServer[] = []
  for (const server of spec.servers) {
    progress(`${server.name}: xlvs realserver start, nginx`)
    const host = await network.host(server.name, server.host)
    const directory = workspace.temporaryDirectory(server.name)
    await prepareRealServer(host, { vip: spec.vip, forwarding: server.forwarding }, workspace)
    servers.push({ spec: server, host, web: await startNginx(host, directory, filesDirectory) })
  }

  progress('director: the VIP, xlvs run')
  await directorHost.namespace.ip([`address add ${spec.vip}/32 dev ${spec.vipDevice}`])
  const director = new DirectorProcess(directorHost.namespace, {
    interfaces: ['eth0'],
    pinDirectory: workspace.pinPath('director'),
    runtimeDirectory: join(workspace.temporaryDirectory('director'), 'run'),
    args: directorArgs,
    under: directorUnder,
  })
  await director.start(options.directorCommand)
  return {
    spec,
    workspace,
    network,
    client,
    routers,
    servers,
    directorHost,
    director,
    url: `http://${spec.vip}/`,
    filesDirectory,
    close: () => workspace.close(),
  }
}
