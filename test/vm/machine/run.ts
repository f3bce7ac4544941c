import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { checkoutFile } from '../../lib/checkout.js'
import { quote } from '../shell-word.js'
import { MachineError } from './error.js'
import { makeInitramfs } from './initramfs.js'
import { findKernel } from './kernel.js'
import { boot, bootFiles, type MachineOptions } from './qemu.js'

export interface RunOptions extends MachineOptions {
  /** Where to keep what the kernel said. */
  readonly keepSerial?: string
  /** Whether the checkout's tests can run inside. */
  readonly withTests: boolean
}

const cache = checkoutFile('build/vm')

/**
 * Boots a kernel with the checkout's build inside, runs a command there as root in the checkout's
 * folder, and gives its exit status; nothing but the cache is left.
 */
export async function runInMachine(command: readonly string[], options: RunOptions, output: Writable): Promise<number> {
  const { withTests, keepSerial } = options
  // Tried before the machine is made, whose work would be lost.
  if (keepSerial !== undefined) writeSerial(keepSerial, '', 'a')
  const directory = mkdtempSync(join(tmpdir(), 'xlvs-vm-'))
  const clean = () => rmSync(directory, { recursive: true, force: true })
  process.once('exit', clean)
  try {
    const kernel = findKernel(join(cache, 'kernel'))
    const initramfs = await makeInitramfs({ kernel, job: jobOf(command), withTests }, cache, directory)
    const files = bootFiles(kernel.image, initramfs, directory)
    return await boot(files, options, output).finally(() => {
      if (keepSerial !== undefined && existsSync(files.console))
        writeSerial(keepSerial, readFileSync(files.console), 'w')
    })
  } finally {
    clean()
    process.removeListener('exit', clean)
  }
}

function writeSerial(file: string, text: Uint8Array | string, flag: 'a' | 'w'): void {
  try {
    writeFileSync(file, text, { flag })
  } catch (cause) {
    throw new MachineError(`--keep-serial ${file}: ${(cause as Error).message}`, 125, { cause })
  }
}

function jobOf(command: readonly string[]): string {
  return `cd ${quote(checkoutFile(''))} && exec ${command.map(quote).join(' ')}\n`
}
