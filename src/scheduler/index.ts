import { DirectorError } from '../core/errors.js'
import { lc } from './lc.js'
import { rr } from './rr.js'
import type { Scheduler } from './scheduler.js'
import { wlc } from './wlc.js'
import { wrr } from './wrr.js'

/** Every scheduler there is. */
export const schedulers: readonly Scheduler[] = [rr, wrr, lc, wlc]

/** @throws DirectorError NO_SUCH_SCHEDULER, naming those that exist. */
export function schedulerNamed(name: string): Scheduler {
  const scheduler = schedulers.find((candidate) => candidate.name === name)
  if (!scheduler) {
    const known = schedulers.map((candidate) => candidate.name).join(', ')
    throw new DirectorError('NO_SUCH_SCHEDULER', `scheduler: there is no '${name}' (known: ${known})`, {
      field: 'scheduler',
      value: name,
    })
  }
  return scheduler
}
