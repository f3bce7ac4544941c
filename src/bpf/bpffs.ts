import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DirectorError } from '../core/errors.js'

/** BPF_FS_MAGIC, linux/magic.h. */
const bpffsMagic = 0xcafe4a11

/** Where the kernel has a directory made for it. */
const mountPoint = '/sys/fs/bpf'

const advice = `mount it with: mount -t bpf bpf ${mountPoint}`

/**
 * Makes sure that `path` is a directory in which BPF objects can be pinned: creates it, and mounts bpffs on
 * /sys/fs/bpf if it is to be there and nothing is.
 * @throws DirectorError INVALID if it is not in a bpffs, PERMISSION if it cannot be made. Then nothing is left behind.
 */
export function ensureBpffs(path: string): void {
  const parent = nearestDirectory(resolve(path))
  try {
    if (parent === mountPoint && !isBpffs(parent) && readdirSync(parent).length === 0) {
      execFileSync('mount', ['-t', 'bpf', 'bpf', parent], { stdio: 'pipe' })
    }
  } catch (cause) {
    throw new DirectorError(
      'PERMISSION',
      `${path}: bpffs cannot be mounted on ${parent}; are you root?`,
      { path },
      { cause },
    )
  }
  if (!isBpffs(parent)) {
    throw new DirectorError('INVALID', `${path}: ${parent} is not in a BPF file system; ${advice}`, { path })
  }
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new DirectorError('PERMISSION', `${path}: cannot be made in ${parent}; are you root?`, { path }, { cause })
  }
}

/** The path, or the first directory above it that exists. */
function nearestDirectory(path: string): string {
  return existsSync(path) ? path : nearestDirectory(dirname(path))
}

function isBpffs(path: string): boolean {
  return statfsSync(path).type === bpffsMagic
}
