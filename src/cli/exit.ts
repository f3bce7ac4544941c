/** Status of a process whose reader has gone away, as shells count a SIGPIPE. */
const brokenPipe = 128 + 13

/**
 * Ends the process with a status, also while look-ups of names are under way that nobody waits for any more. What was
 * written to files, pipes and terminals is out by then: Node writes to them synchronously on Linux.
 */
export function exitWith(status: Promise<number>): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(brokenPipe)
  })
  status.then((code) => process.exit(code))
}
