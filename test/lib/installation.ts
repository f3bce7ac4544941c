import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutFile } from './checkout.js'

/**
 * Makes an installation of xlvs beside the checkout, without the packet programs for the kernel.
 * @param addon whether it has the native addon: npm leaves it out where nothing can be compiled.
 * @returns its `xlvs` command.
 */
export function installation(directory: string, { addon }: { readonly addon: boolean }): string {
  for (const path of ['bin', 'dist/src', 'package.json', 'bpf']) {
    cpSync(checkoutFile(path), join(directory, path), { recursive: true })
  }
  symlinkSync(checkoutFile('node_modules'), join(directory, 'node_modules'))
  const module = 'build/bpf/director.wasm'
  cpSync(checkoutFile(module), join(directory, module), { recursive: true })
  if (addon) symlinkSync(checkoutFile('build/Release'), join(directory, 'build/Release'))
  return join(directory, 'bin/xlvs')
}
