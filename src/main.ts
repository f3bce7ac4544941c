/** The composition root of `xlvs`: everything is constructed and connected here. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { destination, pino } from 'pino'
import { Registry } from 'prom-client'
import { socketName } from './api/protocol.js'
import { serveApi } from './api/server.js'
import { BpfError } from './bpf/index.js'
import { controlClient } from './cli/client.js'
import { exitWith } from './cli/exit.js'
import { systemNames } from './cli/ipvsadm/names.js'
import { type Actions, type DownOptions, type RunOptions, runProgram } from './cli/program.js'
import { systemClock } from './core/clock.js'
import { DirectorError } from './core/errors.js'
import type { Logger } from './core/logger.js'
import { openXdp, removeXdp } from './dataplane/xdp/open.js'
import { Director } from './director/director.js'
import { collectMetrics } from './metrics/collect.js'
import { serveMetrics } from './metrics/server.js'
import { Ip } from './net/ip.js'
import { findLink, readLinks } from './net/links.js'
import { kernelNetwork } from './net/network.js'
import { KernelNextHops } from './net/next-hops.js'
import { realServer } from './realserver/command.js'

const root = new URL('../..', import.meta.url)
const objectPath = fileURLToPath(new URL('build/bpf/director.bpf.o', root))
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }

/** The director in the foreground: resolves when it was told to end. Forwarding goes on, unless it was told to go down. */
async function run(options: RunOptions): Promise<void> {
  const log = pino({ level: options.logLevel, base: null }, destination({ fd: 2, sync: true }))
  const links = await readLinks(new Ip())
  const interfaces = options.interfaces.map((name) => findLink(links, name, 'interface'))
  const dataplane = openXdp({
    objectPath,
    pinDir: options.pinDir,
    interfaces,
    xdpMode: options.xdpMode,
    tableSize: options.connTableSize,
    log,
    clock: systemClock,
  })
  const nextHops = new KernelNextHops(kernelNetwork(new Ip(), systemClock, log), systemClock, log, options.interfaces)
  const director = new Director({ dataplane, nextHops, log, clock: systemClock })
  const release = once(async () => {
    director.stop()
    await nextHops.close()
    dataplane.close()
  })
  try {
    await director.start()
    await serve(options, director, log, async () => {
      await release()
      removeXdp(options.pinDir)
    })
  } finally {
    await release()
  }
}

/** Answers on the control socket and to Prometheus until the end. */
async function serve(options: RunOptions, director: Director, log: Logger, down: () => Promise<void>): Promise<void> {
  let end = (_reason: string) => {}
  const ended = new Promise<string>((resolve) => {
    end = resolve
  })
  mkdirSync(options.runtimeDir, { recursive: true })
  const socket = join(options.runtimeDir, socketName)
  const api = await serveApi(socket, { director, version, down, ended: () => end('down') }, log)
  const metrics = options.metrics && (await startMetrics(options.metrics, director, log))
  try {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
    process.stdout.write('ready\n')
    log.info({ reason: await ended }, 'director ends')
  } finally {
    await metrics?.close()
    await api.close()
  }
}

async function startMetrics(at: NonNullable<RunOptions['metrics']>, director: Director, log: Logger) {
  const registry = new Registry()
  collectMetrics(director, registry)
  const server = await serveMetrics(at, registry, log)
  log.info({ address: server.address }, 'metrics are served')
  return server
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

/** With or without a director running. What is not there is not missed. */
async function down({ runtimeDir, pinDir }: DownOptions): Promise<void> {
  try {
    await controlClient(runtimeDir).down()
  } catch (error) {
    if (!(error instanceof DirectorError && error.code === 'NOT_RUNNING')) throw error
    rmSync(join(runtimeDir, socketName), { force: true })
  }
  removeXdp(pinDir)
  removeIfEmpty(runtimeDir)
}

/** Leaves a directory that others use: one with files in it, or a mount point. */
function removeIfEmpty(directory: string): void {
  if (!existsSync(directory) || readdirSync(directory).length > 0) return
  try {
    rmdirSync(directory)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error
  }
}

/** What the kernel refuses is no fault of the program: a sentence, not a stack. */
function explained<A extends unknown[], R>(action: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await action(...args)
    } catch (error) {
      if (!(error instanceof BpfError)) throw error
      const { code, syscall, message } = error
      const hint = code === 'EPERM' ? ' (xlvs needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)' : ''
      throw new DirectorError('INTERNAL', `${message}${hint}`, { code, syscall }, { cause: error })
    }
  }
}

const actions: Actions = { run: explained(run), down: explained(down), realServer: explained(realServer) }

exitWith(
  runProgram(process.argv.slice(2), actions, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    version,
    client: controlClient,
    names: systemNames(),
  }),
)
