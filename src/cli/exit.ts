import { getSystemErrorMap } from 'node:util'

/** Status of a process whose reader has gone away, as shells count a SIGPIPE. */
const brokenPipe = 128 + 13

/**
 * Ends the process with a status, also while look-ups of names are under way that nobody waits for any more. What was
 * written to files, pipes and terminals is out by then: Node writes to them synchronously on Linux. Output that cannot be
 * written ends the process at once, with status 1 and a sentence that begins with the program's name.
 */
export function exitWith(status: Promise<number>, program = 'xlvs'): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, errno = 0, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit(brokenPipe)
      const [, reason = message] = getSystemErrorMap().get(errno) ?? []
      process.stderr.write(`${program}: cannot write: ${reason}\n`)
      process.exit(1)
    })
  }
  // A failed write is told after the promises of this turn.
  status.then((code) => setImmediate(() => process.exit(code)))
}
