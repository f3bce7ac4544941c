import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, statfsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { DirectorError, UnsupportedError } from '../core/errors.js'

/** BPF_FS_MAGIC, linux/magic.h. */
const bpffsMagic = 0xcafe4a11

/** Where the kernel has a directory made for it. */
const mountPoint = '/sys/fs/bpf'

const advice = `mount it with: mount -t bpf bpf ${mountPoint}`

/**
 * Makes sure that `path` is a directory in which BPF objects can be pinned: creates it, and mounts bpffs on
 * /sys/fs/bpf if it is to be there and nothing is.
 * @returns the directories that it made, innermost first, for {@link removeDirectories}.
 * @throws DirectorError INVALID if it cannot be in a bpffs that lasts, PERMISSION if it cannot be made, UnsupportedError if bpffs
 *   cannot be mounted. Then nothing is left behind.
 */
export function ensureBpffs(path: string): string[] {
  const parent = nearestDirectory(resolve(path))
  if (parent === mountPoint && !isBpffs(parent) && readdirSync(parent).length === 0) mountBpffs(path)
  if (!isBpffs(parent)) throw notInBpffs(path, parent)
  const names = relative(parent, resolve(path)).split('/').filter(Boolean)
  const dotted = names.find((name) => name.includes('.'))
  if (dotted !== undefined) {
    throw new DirectorError(
      'INVALID',
      `${path}: '${dotted}' cannot be made: a BPF file system allows no dot in names`,
      {
        path,
      },
    )
  }
  const made: string[] = []
  try {
    for (const [depth] of names.entries()) {
      const directory = resolve(parent, ...names.slice(0, depth + 1))
      mkdirSync(directory, { mode: 0o700 })
      made.unshift(directory)
    }
  } catch (cause) {
    removeDirectories(made)
    const reason = (cause as NodeJS.ErrnoException).code === 'EROFS' ? 'it is read-only' : 'are you root?'
    throw new DirectorError('PERMISSION', `${path}: cannot be made in ${parent}; ${reason}`, { path }, { cause })
  }
  return made
}

/** @throws DirectorError INVALID if what is at `path` is not in a BPF file system. */
export function requireBpffs(path: string): void {
  if (!isBpffs(path)) throw notInBpffs(path, path)
}

function notInBpffs(path: string, found: string): DirectorError {
  return new DirectorError('INVALID', `${path}: ${found} is not in a BPF file system; ${advice}`, { path })
}

/** Removes directories in order, up to one that somebody else uses. One that is not there is not missed. */
export function removeDirectories(directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      rmdirSync(directory)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTEMPTY' || code === 'EBUSY') return
      if (code !== 'ENOENT') throw error
    }
  }
}

function mountBpffs(path: string): void {
  if (isInPrivateMounts()) {
    throw new DirectorError(
      'INVALID',
      `${path}: bpffs is not mounted, and mounted here the pins would end with this mount namespace; ${advice} ` +
        "where it lasts, and enter a network namespace with 'nsenter --net=/run/netns/NAME', not with 'ip netns exec'",
      { path },
    )
  }
  try {
    execFileSync('mount', ['-t', 'bpf', 'bpf', mountPoint], { stdio: 'pipe' })
  } catch (cause) {
    const reason = `${path}: it cannot be mounted on ${mountPoint}; are you root?`
    throw new UnsupportedError('BPF file system', reason, { cause })
  }
}

/**
 * Whether what is mounted here goes when this program's processes go: some ancestor of this process, init at the latest, has
 * another mount namespace. Those that may not be looked at tell nothing.
 */
function isInPrivateMounts(): boolean {
  const own = mountNamespace('self')
  for (let pid = process.ppid; pid > 0; pid = parentOf(pid)) {
    const other = mountNamespace(pid)
    if (other !== undefined && other !== own) return true
  }
  return false
}

function mountNamespace(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`)
  } catch {
    return undefined
  }
}

/** 0 of init, and where it cannot be told. */
function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** The path, or the first directory above it that exists. */
function nearestDirectory(path: string): string {
  return existsSync(path) ? path : nearestDirectory(dirname(path))
}

function isBpffs(path: string): boolean {
  return statfsSync(path).type === bpffsMagic
}
