import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MachineError } from './error.js'
import { filesBelow } from './files-below.js'

/** A Debian kernel package, unpacked (scripts/setup --vm). */
export interface Kernel {
  readonly version: string
  readonly image: string
  /** The package's root, and its modules below it. */
  readonly root: string
  readonly modules: readonly string[]
}

/** Modules that a director, its labs or its load may ask for, below kernel/ of the modules' directory. */
const moduleFolders = [
  'crypto',
  'drivers/net/dummy.ko',
  'drivers/net/ifb.ko',
  'drivers/net/tun.ko',
  'drivers/net/veth.ko',
  'drivers/net/vrf.ko',
  'lib',
  'net',
]

/** @throws MachineError when set-up has not put a kernel there. */
export function findKernel(root: string): Kernel {
  const boot = join(root, 'boot')
  const image = existsSync(boot) ? readdirSync(boot).find((name) => name.startsWith('vmlinuz-')) : undefined
  if (image === undefined) throw new MachineError(`no kernel in ${root}: run scripts/setup --vm, which downloads it`)
  const version = image.replace('vmlinuz-', '')
  const directory = join('usr/lib/modules', version)
  const indexes = readdirSync(join(root, directory)).filter((name) => name.startsWith('modules.'))
  const modules = moduleFolders.flatMap((folder) => filesBelow(root, join(directory, 'kernel', folder)))
  const names = [...indexes.map((name) => join(directory, name)), ...modules]
  return { version, image: join(boot, image), root, modules: names }
}
