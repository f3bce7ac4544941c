/** What is said of tables that another build has left: pinned ones, and those in a file. */
import { DirectorError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { sharedConstant } from './layout.gen.js'

/** It forbids to start. @param path what was left; @param reason why this build cannot go on with it. */
export function leftByAnother(
  path: string,
  reason: string,
  details: DirectorError['details'] = { path },
  options?: ErrorOptions,
): DirectorError {
  const message = `${path}: ${reason}; 'xlvs down' removes what another version left, and its connections`
  return new DirectorError('INCOMPATIBLE', message, details, options)
}

/** Why tables of a layout (LAYOUT_VERSION) cannot be used; undefined if they can. The first layout had no number. */
export function layoutRefusal(version = 1): string | undefined {
  const ours = sharedConstant.LAYOUT_VERSION
  return version === ours ? undefined : `its tables have layout ${version}, and this version's have layout ${ours}`
}

/** To be said when the start has succeeded. @param maps names of the tables in whose place there are new ones. */
export function noteBegunAnew(log: Logger, maps: readonly string[]): void {
  if (maps.length > 0) log.info({ maps }, 'counters start anew: this build has others')
}
