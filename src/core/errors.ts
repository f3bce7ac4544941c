/**
 * Everything that can be wrong with a command or with the state of the director. Declared here
 * once; the CLI maps them to ipvsadm's words and exit statuses.
 */
export const errorCodes = [
  'SERVICE_EXISTS',
  'NO_SUCH_SERVICE',
  'SERVER_EXISTS',
  'NO_SUCH_SERVER',
  'NO_SUCH_SCHEDULER',
  'INVALID',
  'UNSUPPORTED',
  'NO_SPACE',
  'BUSY',
  'NOT_RUNNING',
  'PERMISSION',
  'INCOMPATIBLE',
  'INTERNAL',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** An expected failure: a code to act on, a sentence to read, and the values that it speaks of. */
export class DirectorError extends Error {
  override readonly name = 'DirectorError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Something that a data plane or kernel cannot do; the only failure on which another data plane is tried. */
export class UnsupportedError extends DirectorError {
  constructor(
    readonly capability: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super('UNSUPPORTED', `${capability}: ${reason}`, { capability }, options)
  }
}
