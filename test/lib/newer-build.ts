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
  const config = join(directory, 'bpf/config.h')
  const text = readFileSync(config, 'utf8')
  const newer = text.replace(/(#define LOCK_TRIES) \d+/, '$1 16385')
  if (newer === text) throw new Error(`${config}: there is no LOCK_TRIES to change`)
  writeFileSync(config, newer)
  const object = join(directory, 'build/bpf/director.bpf.o')
  execFileSync(checkoutFile('scripts/build-bpf'), [join(directory, 'bpf/director.bpf.c'), object])
  return command
}
