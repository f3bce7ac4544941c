/**
 * The classroom lab with a second director: two directors with a keepalived each, real servers, a
 * server that says sorry, and a client, all on one segment.
 */
import { join } from 'node:path'
import { DirectorProcess } from './director-process.js'
import { ipvsClient } from './ipvs-client.js'
import { globalDefs, type VrrpOptions, vrrpInstance, type WebServiceOptions, webService } from './keepalived-conf.js'
import { KeepalivedProcess, type VrrpState } from './keepalived-process.js'
import { type Host, Network } from './network.js'
import { startNginx, type WebServer } from './nginx.js'
import { killTree } from './process-tree.js'
import { prepareRealServer } from './real-server.js'
import { waitFor } from './wait-for.js'
import { inWorkspace, type Workspace } from './workspace.js'

const segment = 'lan'
const prefix = 24

export const pairVip = '172.25.0.100'
const addresses = {
  client: '172.25.0.250',
  server11: '172.25.0.11',
  server14: '172.25.0.14',
  server12: '172.25.0.12',
  server13: '172.25.0.13',
  sorry: '172.25.0.19',
} as const

/** High: a backup waits 3 s and (256 - priority)/256 s for the master's next word (RFC 3768, Skew_Time). */
const priorities = { server11: 250, server14: 200 } as const

export type DirectorName = keyof typeof priorities
export type ServerName = 'server12' | 'server13' | 'sorry'

/** A director: xlvs, and the keepalived that drives it. */
export interface PairDirector {
  readonly name: DirectorName
  readonly host: Host
  readonly xlvs: DirectorProcess
  readonly keepalived: KeepalivedProcess
}

export interface PairServer {
  readonly name: ServerName
  readonly host: Host
  /** nginx as last started. */
  web: WebServer
  readonly start: () => Promise<WebServer>
}

export interface PairLab {
  readonly workspace: Workspace
  readonly network: Network
  readonly client: Host
  readonly directors: Readonly<Record<DirectorName, PairDirector>>
  readonly servers: Readonly<Record<ServerName, PairServer>>
  /** `http://VIP/`. */
  readonly url: string
  /** Files put here are served as VIP/files/NAME by every real server. */
  readonly filesDirectory: string
  close(): void
}

export interface PairOptions {
  /** Told what is being built, before it is. */
  readonly progress?: (sentence: string) => void
  /** Further arguments of `xlvs run`. */
  readonly directorArgs?: readonly string[]
}

/** Builds all of it; neither xlvs nor keepalived runs yet, nobody has the VIP. On failure nothing is left. */
export function buildPair(options: PairOptions = {}): Promise<PairLab> {
  return inWorkspace((workspace) => build(workspace, options))
}

/** The configuration of a director, with other services than the usual one if they are given. */
export function confOf(director: PairDirector, services = webService(pairService)): string {
  return globalDefs() + vrrpInstance(vrrpOptionsOf(director)) + services
}

/** What VRRP has to know of a director. */
export function vrrpOptionsOf({ name, keepalived }: PairDirector): VrrpOptions {
  const state = name === 'server11' ? 'MASTER' : 'BACKUP'
  return { state, priority: priorities[name], vip: pairVip, notifyScript: keepalived.notifyScript }
}

/** Starts xlvs and keepalived on both directors, and waits until server11 is master and server14 its backup. */
export async function startPair({ directors }: PairLab, services?: string): Promise<void> {
  for (const director of Object.values(directors)) await startDirector(director, services)
  await isMaster(directors.server11, directors.server14)
}

/** Starts xlvs and keepalived of a director. */
export async function startDirector(director: PairDirector, services?: string): Promise<void> {
  await director.xlvs.start()
  director.keepalived.configure(confOf(director, services))
  await director.keepalived.start()
}

/** Waits until one director is VRRP's master and the other, if it is named, its backup. */
export async function isMaster(master: PairDirector, backup?: PairDirector): Promise<void> {
  const wait = ({ name, keepalived }: PairDirector, state: VrrpState) =>
    waitFor(`${name} to be ${state}`, () => keepalived.vrrpState === state, 20_000)
  await wait(master, 'MASTER')
  if (backup) await wait(backup, 'BACKUP')
}

/** VIP:80 with both real servers and the one that says sorry. */
export const pairService: WebServiceOptions = {
  vip: pairVip,
  servers: [addresses.server12, addresses.server13],
  sorryServer: addresses.sorry,
}

/** Ends a real server's nginx as a crash does: its address then refuses connections. */
export async function killWeb({ web }: PairServer): Promise<void> {
  killTree(web.process.pid)
  await web.process.ended
}

/** Starts a real server's nginx again. */
export async function startWeb(server: PairServer): Promise<void> {
  server.web = await server.start()
}

async function build(workspace: Workspace, options: PairOptions): Promise<PairLab> {
  const { progress = () => {}, directorArgs = [] } = options
  progress('network: two directors, two real servers, a server that says sorry, a client')
  const network = await Network.create(workspace)
  const filesDirectory = workspace.temporaryDirectory('files')
  const host = (name: keyof typeof addresses, sendsByXdp = false) =>
    network.host(name, { interfaces: [{ segment, address: `${addresses[name]}/${prefix}` }], sendsByXdp })

  const server = async (name: ServerName): Promise<PairServer> => {
    const machine = await host(name)
    await prepareRealServer(machine, { vip: pairVip, forwarding: 'route' }, workspace)
    const directory = workspace.temporaryDirectory(`${name}-web`)
    const start = () => startNginx(machine, directory, filesDirectory)
    return { name, host: machine, web: await start(), start }
  }
  const director = async (name: DirectorName): Promise<PairDirector> => {
    const machine = await host(name, true)
    const directory = workspace.temporaryDirectory(name)
    const xlvs = new DirectorProcess(machine.namespace, {
      interfaces: ['eth0'],
      pinDirectory: workspace.pinPath(name),
      runtimeDirectory: join(directory, 'run'),
      args: directorArgs,
    })
    const keepalived = new KeepalivedProcess(machine.namespace, {
      directory: join(directory, 'keepalived'),
      ...ipvsClient(xlvs),
    })
    return { name, host: machine, xlvs, keepalived }
  }
  return {
    workspace,
    network,
    client: await host('client'),
    servers: { server12: await server('server12'), server13: await server('server13'), sorry: await server('sorry') },
    directors: { server11: await director('server11'), server14: await director('server14') },
    url: `http://${pairVip}/`,
    filesDirectory,
    close: () => workspace.close(),
  }
}
