import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, lstatSync, openSync, readlinkSync, readSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { MachineError } from './error.js'

/** Debian packages whose files the guest has: what jobs call, and what its own start needs. */
const packages = [
  'bash',
  'bpftool',
  'coreutils',
  'dash',
  'ethtool',
  'findutils',
  'grep',
  'iproute2',
  'ipvsadm',
  'keepalived',
  'kmod',
  'mount',
  'nftables',
  'nginx',
  'procps',
  'sed',
  'socat',
  'tcpdump',
  'util-linux',
  'wrk',
]

/** Of a merged /usr (Debian 12): the links that lead there. */
const rootLinks = ['/bin', '/sbin', '/lib', '/lib64']

/**
 * The guest's system: programs of this machine with the libraries that they load, and this node.
 * Names without the leading `/`.
 */
export function guestFiles(): string[] {
  const programs = [...packageFiles(), ...commandFiles('node', process.execPath)]
  const files = new Set<string>(rootLinks)
  for (const path of [...programs, ...libraries(programs)]) addWithTargets(files, path)
  return [...files].map((path) => path.slice(1))
}

function packageFiles(): string[] {
  let listing: string
  try {
    listing = execFileSync('dpkg-query', ['--listfiles', ...packages], { encoding: 'utf8', stdio: 'pipe' })
  } catch (cause) {
    const reason = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause)
    throw new MachineError(`the guest is made of Debian packages of this machine: ${reason}`, 125, { cause })
  }
  return listing
    .split('\n')
    .filter((path) => path.startsWith('/') && !path.startsWith('/usr/share/'))
    .filter((path) => existsSync(path) && !lstatSync(path).isDirectory())
}

/** A program, also under a name that PATH finds: scripts begin with `#!/usr/bin/env node`. */
function commandFiles(name: string, path: string): string[] {
  const found = join('/usr/local/bin', name)
  if (dirname(path) === '/usr/bin' || path === found) return [path]
  if (!existsSync(found) || realpathSync(found) !== realpathSync(path)) {
    throw new MachineError(`node is ${path}: the guest needs it as /usr/bin/node or linked from ${found}`)
  }
  return [path, found]
}

/** What ldd says that the programs load. */
function libraries(paths: readonly string[]): string[] {
  const binaries = paths.filter((path) => isElf(path))
  const listing = execFileSync('ldd', binaries, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return [...new Set([...listing.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path))]
}

function isElf(path: string): boolean {
  if (!lstatSync(path).isFile()) return false
  const magic = Buffer.alloc(4)
  const descriptor = openSync(path, 'r')
  readSync(descriptor, magic)
  closeSync(descriptor)
  return magic.toString('latin1') === '\x7fELF'
}

/** Adds a file under the name that it has behind all links of its directory, and what it links to. */
function addWithTargets(files: Set<string>, path: string): void {
  const name = join(realpathSync(dirname(path)), basename(path))
  if (files.has(name)) return
  files.add(name)
  if (!lstatSync(name).isSymbolicLink()) return
  const target = resolve(dirname(name), readlinkSync(name))
  if (existsSync(target) && !lstatSync(target).isDirectory()) addWithTargets(files, target)
}
