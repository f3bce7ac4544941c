import { existsSync } from 'node:fs'
import { execute } from '../../test/lib/process.js'
import { waitFor } from '../../test/lib/wait-for.js'
import { BenchError } from '../error.js'

/** Whether the kernel has IP_VS as a module, which can be loaded anew. */
export function isModule(): boolean {
  return existsSync('/sys/module/ip_vs/initstate')
}

/**
 * Loads IP_VS anew: its connection table belongs to the whole kernel, and this is how to empty it, and how to give it
 * another number of buckets. A namespace that was deleted lets go of it a moment later.
 * @param bits of the number of buckets; default: the kernel's, 12.
 * @throws BenchError while somebody else uses it.
 */
export async function reloadIpvs(bits?: number): Promise<void> {
  if (!isModule()) return
  const unloaded = async () => (await execute('modprobe', ['-r', 'ip_vs_wlc', 'ip_vs'])).status === 0
  await waitFor('ip_vs to be unloaded', unloaded, 60_000).catch((cause) => {
    throw new BenchError('ip_vs cannot be unloaded: this kernel has virtual services in use', { cause })
  })
  await execute('modprobe', ['ip_vs', ...(bits === undefined ? [] : [`conn_tab_bits=${bits}`])])
}
