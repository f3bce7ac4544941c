import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exitOnSignals } from './exit-on-signals.js'
import { Namespace } from './netns.js'

const namespaces = '/run/netns'
const bpffs = '/sys/fs/bpf'
/** Whose it is: `xlvs-` or `xlvs-test-`, the id of the process that made it, six random hex digits. */
const ownName = /^xlvs-(?:test-)?(\d+)-[0-9a-f]{6}(?:-|$)/

const open = new Set<Workspace>()

/**
 * Everything that one test or demo puts on the machine: network namespaces, a temporary directory,
 * pins in bpffs. All of it carries the workspace's name, and goes with close(), at the latest when
 * this process ends, by a signal as well. What a process left that was killed is taken away by the
 * next one that opens a workspace.
 */
export class Workspace {
  readonly id = `${process.pid}-${randomBytes(3).toString('hex')}`
  /** Temporary files. */
  readonly directory = join(tmpdir(), `xlvs-${this.id}`)

  constructor() {
    if (open.size === 0) installHooks()
    open.add(this)
    sweep((pid) => pid !== process.pid && !isAlive(pid))
    mkdirSync(this.directory)
  }

  /** A new network namespace; `role` is unique within the workspace. */
  namespace(role: string): Promise<Namespace> {
    return Namespace.create(`xlvs-${this.id}-${role}`)
  }

  /** A path for a pin or for a directory of pins; nothing is there yet. */
  pinPath(role: string): string {
    return join(bpffs, `xlvs-test-${this.id}-${role}`)
  }

  /** A new directory for temporary files. */
  temporaryDirectory(role: string): string {
    const directory = join(this.directory, role)
    mkdirSync(directory)
    return directory
  }

  /** Ends every process in the namespaces and removes everything. Synchronous: it also runs while the process exits. */
  close(): void {
    open.delete(this)
    remove((name) => name.includes(this.id))
  }
}

/** Removes what the processes chosen by their id have left. */
function sweep(isStale: (pid: number) => boolean): void {
  remove((name) => isStale(Number(ownName.exec(name)?.[1])))
}

function remove(chosen: (name: string) => boolean): void {
  const entries = (directory: string) =>
    existsSync(directory) ? readdirSync(directory).filter((name) => ownName.test(name) && chosen(name)) : []

  for (const name of entries(namespaces)) {
    for (const pid of processesIn(name)) killQuietly(pid)
    spawnSync('ip', ['netns', 'delete', name])
  }
  for (const directory of [bpffs, tmpdir()]) {
    for (const name of entries(directory)) rmSync(join(directory, name), { recursive: true, force: true })
  }
}

function processesIn(namespace: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' })
  return (stdout ?? '').split('\n').filter(Boolean).map(Number)
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Builds something in a workspace of its own. On failure nothing is left. */
export async function inWorkspace<T>(build: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = new Workspace()
  try {
    return await build(workspace)
  } catch (error) {
    workspace.close()
    throw error
  }
}

let hooksInstalled = false

function installHooks(): void {
  if (hooksInstalled) return
  hooksInstalled = true
  process.on('exit', () => {
    for (const workspace of open) workspace.close()
  })
  exitOnSignals()
}
