import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Whether this kernel has IP_VS, built in or as a module. */
export function hasIpvs(): boolean {
  if (existsSync('/proc/net/ip_vs')) return true
  try {
    execFileSync('modprobe', ['ip_vs'], { stdio: 'ignore' })
    return existsSync('/proc/net/ip_vs')
  } catch {
    return false
  }
}
