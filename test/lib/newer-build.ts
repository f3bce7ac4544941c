import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutFile } from './checkout.js'
import { installation } from './installation.js'

/**
 * Makes an installation of xlvs whose packet program is another than the checkout's, as an upgrade brings it.
 * @returns its `xlvs` command.
 */
export function newerBuild(directory: string): string {
  const command = installation(directory, { addon: true })
  const header = join(directory, 'bpf/conn_update.h')
  const text = readFileSync(header, 'utf8')
  // Of the program in the interfaces.
  const newer = text.replace(/(#define UPDATE_TRIES) \d+/, '$1 5')
  if (newer === text) throw new Error(`${header}: there is no UPDATE_TRIES to change`)
  writeFileSync(header, newer)
  const object = join(directory, 'build/bpf/director.bpf.o')
  execFileSync(checkoutFile('scripts/build-bpf'), [join(directory, 'bpf/director.bpf.c'), object])
  return command
}
