import { readFileSync } from 'node:fs'
import { UnsupportedError } from '../core/errors.js'

/** Bits of capability sets, linux/capability.h. */
const bits = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const
type Capability = keyof typeof bits

/** Capabilities that this process lacks, of some that it needs. CAP_SYS_ADMIN stands for those that were split off from it. */
function missingCapabilities(needed: readonly Capability[]): Capability[] {
  const effective = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`)
  const has = (capability: Capability) => ((effective >> BigInt(bits[capability])) & 1n) === 1n
  const splitOff = (capability: Capability) => capability === 'CAP_BPF' || capability === 'CAP_PERFMON'
  return needed.filter((each) => !has(each) && !(splitOff(each) && has('CAP_SYS_ADMIN')))
}

/** @throws UnsupportedError that names what is missing for `purpose`. */
export function requireCapabilities(purpose: string, needed: readonly Capability[]): void {
  const missing = missingCapabilities(needed)
  if (missing.length === 0) return
  throw new UnsupportedError(purpose, `it needs ${needed.join(', ')}; this process lacks ${missing.join(', ')}`)
}
