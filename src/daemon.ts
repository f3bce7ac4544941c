/** The composition root of the director, and of all else that touches the kernel; main.ts is that of the command line. */

import { existsSync, realpathSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ipvsSocketName, type StatusView, socketName } from './api/protocol.js'
import { serveApi } from './api/server.js'
import { BpfError } from './bpf/index.js'
import { controlClient } from './cli/client.js'
import type { DownOptions, RunOptions } from './cli/program.js'
import { systemClock } from './core/clock.js'
import { DirectorError } from './core/errors.js'
import type { Logger } from './core/logger.js'
import { Ending, finish, sayReady } from './daemon-ending.js'
import { openLog } from './daemon-log.js'
import { RuntimeDirectory } from './daemon-runtime.js'
import { openDataplane, removeDataplanes } from './dataplane/open.js'
import { checkDescriptors } from './descriptors.js'
import { Director } from './director/director.js'
import { keepNursery, MemoryGiver } from './give-back.js'
import { serveIpvs } from './ipvs/server/server.js'
import { MetricsPage } from './metrics/page.js'
import { serveMetrics } from './metrics/server.js'
import { MetricsText } from './metrics/text.js'
import { Ip } from './net/ip.js'
import { readLinks } from './net/links.js'
import { kernelNetwork } from './net/network.js'
import { KernelNextHops } from './net/next-hops.js'
import { realServer as runRealServer } from './realserver/command.js'

const objectPath = fileURLToPath(new URL('../../build/bpf/director.bpf.o', import.meta.url))

/** The director in the foreground: resolves when it was told to end. Forwarding goes on, unless it was told to go down. */
export const run = explained(async (options: RunOptions, version: string): Promise<void> => {
  const { log, close } = openLog(options.logLevel)
  const ending = new Ending(log)
  // Whoever reads the output may go away; only `ready` has to be written.
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error').on('error', () => {})
  try {
    await ending.during(() => direct(options, version, log, ending))
  } finally {
    await close()
  }
})

/** `xlvs realserver`. */
export const realServer = explained(runRealServer)

async function direct(options: RunOptions, version: string, log: Logger, ending: Ending): Promise<void> {
  const { connTableSize: tableSize, metrics, xdpMode } = options
  const runtime = new RuntimeDirectory(options.runtimeDir)
  runtime.create()
  const [pinDir, runtimeDir] = [resolve(options.pinDir), realpathSync(options.runtimeDir)]
  const interfaces = [...new Set(options.interfaces)]
  const { dataplane, refusals, abandon } = await openDataplane({
    choice: options.dataplane,
    interfaces,
    readLinks: () => readLinks(new Ip()),
    objectPath,
    pinDir,
    runtimeDir,
    xdpMode,
    tableSize,
    log,
    clock: systemClock,
  }).catch((error: unknown) => {
    runtime.undo()
    throw error
  })
  const nextHops = new KernelNextHops(kernelNetwork(new Ip(), systemClock, log), systemClock, log, interfaces)
  const director = new Director({ dataplane, nextHops, log, clock: systemClock })
  const stop = once(async () => {
    director.stop()
    await nextHops.close()
  })
  const release = once(async () => {
    await stop()
    await dataplane.close()
  })
  const down = async () => {
    isDown = true
    await release()
    await removeDataplanes(pinDir, runtimeDir)
  }
  const closers: (() => Promise<void>)[] = []
  let isReady = false
  let isDown = false
  try {
    director.setServiceShare(options.serviceShare)
    await director.start()
    const memory = new MemoryGiver(systemClock)
    closers.push(async () => memory.stop())
    const forwards = !dataplane.supports.survivesProcess
    if (!forwards) keepNursery()
    const changed = (commands: number) => {
      if (!forwards) memory.note(commands)
    }
    const parts = { director, version, pinDir, refusals, down, ended: () => ending.end('down'), changed }
    const api = await serveApi(join(runtimeDir, socketName), parts, log)
    closers.push(() => api.close())
    const netlink = { director, clock: systemClock, changed, goesDown: () => isDown }
    const ipvs = await serveIpvs(join(runtimeDir, ipvsSocketName), netlink, log)
    closers.push(() => ipvs.close())
    if (metrics) closers.push(await startMetrics(metrics, director, log))
    checkDescriptors(log)
    sayReady()
    isReady = true
    log.info({ reason: await ending.reason }, 'director ends')
  } finally {
    const undo = [stop, abandon, () => runtime.undo()]
    const leave = [release, () => (isDown ? runtime.remove() : undefined)]
    await finish([...closers.reverse(), ...(isReady ? leave : undo)], log)
  }
}

/** Resolves with what ends it. */
async function startMetrics(
  at: NonNullable<RunOptions['metrics']>,
  director: Director,
  log: Logger,
): Promise<() => Promise<void>> {
  const page = new MetricsPage(new MetricsText(director, systemClock), systemClock)
  const server = await serveMetrics(at, page, log)
  log.info({ address: server.address }, 'metrics are served')
  return () => server.close()
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

/**
 * `xlvs down`, with or without a director running. What is not there is not missed.
 * @throws DirectorError INVALID if the director that answers has its pins elsewhere: it may be another's.
 */
export const down = explained(async ({ pinDir, ...options }: DownOptions): Promise<void> => {
  const runtimeDir = existsSync(options.runtimeDir) ? realpathSync(options.runtimeDir) : resolve(options.runtimeDir)
  const client = controlClient(runtimeDir)
  const running = await client.status().catch(absentIfNotRunning)
  if (running === undefined) {
    for (const name of [socketName, ipvsSocketName]) rmSync(join(runtimeDir, name), { force: true })
  } else {
    refuseOther(running, runtimeDir, resolve(pinDir))
    await client.down()
  }
  await removeDataplanes(resolve(pinDir), runtimeDir)
  new RuntimeDirectory(runtimeDir).remove()
})

function absentIfNotRunning(error: unknown): undefined {
  if (!(error instanceof DirectorError && error.code === 'NOT_RUNNING')) throw error
}

function refuseOther(running: StatusView, runtimeDir: string, pinDir: string): void {
  if (running.pinDir === pinDir) return
  throw new DirectorError(
    'INVALID',
    `pin-dir: the director that answers in ${runtimeDir} has its pins in ${running.pinDir}, not in ${pinDir}; nothing was ` +
      `taken down. Give --pin-dir ${running.pinDir}, or the --runtime-dir of the other director`,
    { field: 'pin-dir', value: pinDir, allowed: running.pinDir },
  )
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
