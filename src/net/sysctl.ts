import { readFile, writeFile } from 'node:fs/promises'
import { DirectorError } from '../core/errors.js'

/**
 * A setting's name as sysctl(8) takes it: `net.ipv4.conf.lo.arp_ignore`, or with slashes where a part has a dot
 * of its own (`net/ipv4/conf/eth0.100/rp_filter`).
 */
export function sysctlName(...parts: readonly string[]): string {
  return parts.join(parts.some((part) => part.includes('.')) ? '/' : '.')
}

/** The value of a kernel setting, in the network namespace of this process; undefined if there is no such setting. */
export async function readSysctl(name: string): Promise<string | undefined> {
  try {
    return (await readFile(sysctlFile(name), 'utf8')).trim()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new DirectorError('INTERNAL', `sysctl ${name}: cannot be read`, { name }, { cause })
  }
}

/** @throws DirectorError PERMISSION if the kernel refuses the value or the caller. */
export async function writeSysctl(name: string, value: string): Promise<void> {
  try {
    await writeFile(sysctlFile(name), value)
  } catch (cause) {
    throw new DirectorError('PERMISSION', `sysctl ${name}: cannot be set to '${value}'`, { name, value }, { cause })
  }
}

function sysctlFile(name: string): string {
  return `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`
}
