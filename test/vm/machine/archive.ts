import { spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MachineError } from './error.js'

/** What an archive holds. */
export interface Content {
  /** What it is called in the cache. */
  readonly label: string
  /** Directory that the names are relative to; it becomes the guest's `/`. */
  readonly root: string
  /** Files, symbolic links and directories; the directories above them are added. */
  readonly names: readonly string[]
}

/**
 * Packs files for an initramfs (cpio's newc format: the kernel unpacks one archive behind the other,
 * Documentation/driver-api/early-userspace/buffer-format.rst). It is not compressed, which an emulated
 * processor would need seconds to undo. The archive is kept in `cache`
 * under the hash of all that went in, in place of an older one of the same label.
 * @returns it, open for reading: another run may replace it at any time.
 */
export async function pack(content: Content, cache: string): Promise<FileHandle> {
  const names = withParents(content.names)
  const file = `${content.label}-${hashOf(content.root, names)}${ending}`
  const path = join(cache, file)
  if (existsSync(path)) {
    const cached = await open(path).catch(() => undefined)
    if (cached) return cached
  }
  mkdirSync(cache, { recursive: true })
  const unfinished = `${path}.${process.pid}`
  const discard = () => rmSync(unfinished, { force: true })
  process.once('exit', discard)
  try {
    const options = ['--create', '--format=newc', '--owner=+0:+0', '--null', '--quiet', '--force-local']
    await run('cpio', [...options, '--file', unfinished], content.root, names.join('\0'))
    const handle = await open(unfinished)
    renameSync(unfinished, path)
    removeOthers(cache, content.label, file)
    return handle
  } finally {
    discard()
    process.removeListener('exit', discard)
  }
}

const ending = '.cpio'

/** Removes older archives of a label, and what runs that were killed have left unfinished. */
function removeOthers(cache: string, label: string, file: string): void {
  for (const name of readdirSync(cache)) {
    const [, pid] = /\.cpio(?:\.(\d+))?$/.exec(name) ?? []
    const isDone = pid === undefined || !existsSync(`/proc/${pid}`)
    if (name.startsWith(`${label}-`) && name !== file && isDone) rmSync(join(cache, name), { force: true })
  }
}

function withParents(names: readonly string[]): string[] {
  const all = new Set<string>()
  for (const name of names) {
    for (let path = name; path !== '.' && !all.has(path); path = dirname(path)) all.add(path)
  }
  // Sorted, a directory stands before what is in it.
  return [...all].sort()
}

function hashOf(root: string, names: readonly string[]): string {
  const hash = createHash('sha256')
  for (const name of names) addFile(hash, root, name)
  return hash.digest('hex').slice(0, 16)
}

function addFile(hash: Hash, root: string, name: string): void {
  const path = join(root, name)
  const stat = lstatSync(path)
  hash.update(`${name}\0${stat.mode}\0`)
  if (stat.isSymbolicLink()) hash.update(readlinkSync(path))
  else if (stat.isFile()) hash.update(`${stat.size}\0`).update(readFileSync(path))
}

async function run(command: string, args: readonly string[], cwd: string, input: string): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [status] = await once(child, 'close')
  if (status !== 0) throw new MachineError(`packing the initramfs failed (cpio): ${stderr.trim()}`)
}
