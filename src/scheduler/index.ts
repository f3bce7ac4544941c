import { DirectorError, UnsupportedError } from '../core/errors.js'
import { lc } from './lc.js'
import { rr } from './rr.js'
import type { Scheduler } from './scheduler.js'
import { wlc } from './wlc.js'
import { wrr } from './wrr.js'

/** Every scheduler there is. */
export const schedulers: readonly Scheduler[] = [rr, wrr, lc, wlc]

/** What IPVS has besides (net/netfilter/ipvs/ip_vs_*.c; `none` is a service that schedules nothing, ip_vs_ctl.c). */
const ipvsOnly: readonly string[] = ['sh', 'dh', 'mh', 'sed', 'nq', 'lblc', 'lblcr', 'fo', 'ovf', 'twos', 'none']

/**
 * @throws DirectorError UNSUPPORTED for a scheduler of IPVS that is not here yet, NO_SUCH_SCHEDULER for a name that IPVS does
 * not know either; both name those that exist.
 */
export function schedulerNamed(name: string): Scheduler {
  const scheduler = schedulers.find((candidate) => candidate.name === name)
  if (scheduler) return scheduler
  const known = schedulers.map((candidate) => candidate.name).join(', ')
  if (ipvsOnly.includes(name)) throw new UnsupportedError(`-s ${name}`, `not supported yet (${known} are)`)
  throw new DirectorError('NO_SUCH_SCHEDULER', `scheduler: there is no '${name}' (known: ${known})`, {
    field: 'scheduler',
    value: name,
  })
}
