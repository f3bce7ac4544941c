import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** How a program ended. */
export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program without a shell, gives it its input and waits for its end.
 * @param timeoutMs after which it is ended; 0: never.
 * @throws the system's error if it could not be started.
 */
export async function runTool(file: string, args: readonly string[], input: string, timeoutMs = 0): Promise<Outcome> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs })
  // First of all: if there is no descriptor left, spawn() makes no pipes, and 'error' comes in the next tick.
  const status = ended(child)
  if (child.pid === undefined) await status
  // An early exit is told by status and stderr; the broken pipe that comes with it adds nothing.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code, stdout, stderr] = await Promise.all([status, text(child.stdout), text(child.stderr)])
  return { status: code, stdout, stderr }
}

/** Why a program could not be started, for a sentence: the package that it is missing from, or the system's code. */
export function whyNotStarted(cause: unknown, packageName: string): string {
  const { code } = cause as NodeJS.ErrnoException
  return code === 'ENOENT' ? `is ${packageName} installed?` : (code ?? String(cause))
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
