import type { ErrorCode } from '../../core/errors.js'
import type { CommandName } from './options.js'

/** A command line that ipvsadm itself refuses: its message, and the status with which it exits at once. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'

  constructor(
    message: string,
    readonly status: 2 | 255 = 2,
  ) {
    super(message)
  }
}

/** What ipvsadm prints for a command line that has no command, or begins with something else. */
export function tryHelp(): ArgumentError {
  return new ArgumentError("Try `ipvsadm -h' or 'ipvsadm --help' for more information.", 255)
}

/** An error of the director, or of the way to it. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

/** The words of ipvs_strerror (libipvs.c), by what the kernel would have answered to the command. */
export function refusalText(command: CommandName, { code, message }: Refusal): string {
  switch (code) {
    case 'SERVICE_EXISTS':
      return 'Service already exists'
    case 'SERVER_EXISTS':
      return 'Destination already exists'
    case 'NO_SUCH_SERVICE':
      return command.endsWith('-server') ? 'Service not defined' : 'No such service'
    case 'NO_SUCH_SERVER':
      return 'No such destination'
    case 'NO_SUCH_SCHEDULER':
      return 'Scheduler or persistence engine not found'
    case 'PERMISSION':
      return 'Permission denied (you must be root)'
    case 'INVALID':
      return 'Invalid operation.  Possibly wrong module version, address not unicast, ...'
    case 'NO_SPACE':
      return 'Memory allocation problem'
    case 'NOT_RUNNING':
      return `Can't initialize ipvs: ${message}\nIs a director running? \`xlvs run --interface IF' starts one.`
    default:
      return message
  }
}
