/** What is said of tables that another build has left: pinned ones, and those in a file. */
import { DirectorError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'

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

/** To be said when the start has succeeded. @param maps names of the tables in whose place there are new ones. */
export function noteBegunAnew(log: Logger, maps: readonly string[]): void {
  if (maps.length > 0) log.info({ maps }, 'counters start anew: this build has others')
}
