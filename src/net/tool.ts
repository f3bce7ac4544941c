import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** How a program ended. */
export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Gives a program its input and waits for its end. Rejects if it could not be started. */
export async function outcomeOf(child: ChildProcessWithoutNullStreams, input: string): Promise<Outcome> {
  // An early exit is told by status and stderr; the broken pipe that comes with it adds nothing.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [status, stdout, stderr] = await Promise.all([ended(child), text(child.stdout), text(child.stderr)])
  return { status, stdout, stderr }
}

function ended(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
