import { readFileSync } from 'node:fs'
import type { BpfMap } from '../src/bpf/index.js'

/** Kernel memory of a map in bytes, as the kernel reckons it (map_mem_usage(), Linux 6.4; before that an estimate). */
export function memoryOf(map: BpfMap): number {
  const info = readFileSync(`/proc/self/fdinfo/${map.fd}`, 'utf8')
  const [, bytes] = /^memlock:\s*(\d+)$/m.exec(info) ?? []
  if (bytes === undefined) throw new Error(`map ${map.name}: the kernel does not say how much memory it takes`)
  return Number(bytes)
}
