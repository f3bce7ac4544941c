import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutFile } from './checkout.js'

/**
 * Makes an installation of xlvs beside the checkout, without packet programs.
 * @param addon whether it has the native addon: npm leaves it out where nothing can be compiled.
 * @returns its `xlvs` command.
 */
export function installation(directory: string, { addon }: { readonly addon: boolean }): string {
  for (const path of ['bin', 'dist/src', 'package.json', 'bpf']) {
    cpSync(checkoutFile(path), join(directory, path), { recursive: true })
  }
  symlinkSync(checkoutFile('node_modules'), join(directory, 'node_modules'))
  mkdirSync(join(directory, 'build/bpf'), { recursive: true })
  if (addon) symlinkSync(checkoutFile('build/Release'), join(directory, 'build/Release'))
  return join(directory, 'bin/xlvs')
}
