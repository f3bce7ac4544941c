import { createReadStream, createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { checkoutFile } from '../../lib/checkout.js'
import { pack } from './archive.js'
import { guestFiles } from './guest-files.js'
import type { Kernel } from './kernel.js'
import { projectFiles } from './project-files.js'

/** Directories that programs take for granted. */
const emptyDirectories = ['dev', 'proc', 'root', 'run/netns', 'sys', 'tmp', 'var/run', 'var/lib']

/**
 * Makes the file that QEMU gives to the kernel: system, modules and checkout from the cache, and the
 * job, a shell script, on top.
 */
export async function makeInitramfs(kernel: Kernel, job: string, cache: string, directory: string): Promise<string> {
  const archives = [
    await pack({ label: 'system', root: '/', names: guestFiles() }, cache),
    await pack({ label: 'modules', root: kernel.root, names: kernel.modules }, cache),
    await pack({ label: 'project', root: '/', names: projectFiles() }, cache),
    await packJob(job, directory),
  ]
  const file = join(directory, 'initramfs')
  for (const archive of archives) await pipeline(createReadStream(archive), createWriteStream(file, { flags: 'a' }))
  return file
}

async function packJob(job: string, directory: string): Promise<string> {
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
