import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { checkoutFile } from '../../lib/checkout.js'
import { pack } from './archive.js'
import { guestFiles } from './guest-files.js'
import type { Kernel } from './kernel.js'
import { projectFiles, testFiles } from './project-files.js'

/** Directories that programs take for granted. */
const emptyDirectories = ['dev', 'proc', 'root', 'run/netns', 'sys', 'tmp', 'var/run', 'var/lib']

/** What a guest is to have. */
export interface Guest {
  readonly kernel: Kernel
  /** A shell script. */
  readonly job: string
  readonly withTests: boolean
}

/**
 * Makes the file that QEMU gives to the kernel: system, modules and checkout from the cache, and the
 * job on top.
 */
export async function makeInitramfs(guest: Guest, cache: string, directory: string): Promise<string> {
  const { kernel, job, withTests } = guest
  const archives = [
    await pack({ label: 'system', root: '/', names: guestFiles() }, cache),
    await pack({ label: 'modules', root: kernel.root, names: kernel.modules }, cache),
    await pack({ label: 'project', root: '/', names: projectFiles() }, cache),
    ...(withTests ? [await pack({ label: 'tests', root: '/', names: testFiles() }, cache)] : []),
    await packJob(job, directory),
  ]
  const file = join(directory, 'initramfs')
  for (const archive of archives) await pipeline(archive.createReadStream(), createWriteStream(file, { flags: 'a' }))
  return file
}

function packJob(job: string, directory: string): Promise<FileHandle> {
  const root = join(directory, 'root')
  for (const name of emptyDirectories) mkdirSync(join(root, name), { recursive: true })
  const files = {
    init: readFileSync(checkoutFile('test/vm/machine/init'), 'utf8'),
    job,
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    'etc/hosts': '127.0.0.1 localhost\n',
  }
  mkdirSync(join(root, 'etc'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text, { mode: 0o755 })
  return pack({ label: 'job', root, names: [...Object.keys(files), ...emptyDirectories] }, directory)
}
