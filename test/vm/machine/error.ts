/** The machine cannot be made or did not do its job; the message is for the person who asked for it. */
export class MachineError extends Error {
  override readonly name = 'MachineError'

  constructor(
    message: string,
    /** Exit status that tells it from the job's own: 124 for too long (as timeout(1) does), otherwise 125. */
    readonly status = 125,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
