import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from './wait-for.js'

export interface ExecOptions {
  readonly input?: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** After this the command is killed and the call fails. Default: 60 s. */
  readonly timeoutMs?: number
}

export interface ExecResult {
  /** null: a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that ended with another status than 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError'

  constructor(
    command: string,
    readonly result: ExecResult,
  ) {
    super(`${command}: status ${result.status}\n${result.stderr || result.stdout}`.trimEnd())
  }
}

/** Runs a command to its end, whatever its status. */
export async function execute(
  command: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const process = new Background(command, args, options)
  const { timeoutMs = 60_000 } = options
  const timer = setTimeout(() => process.kill('SIGKILL'), timeoutMs)
  const status = await process.ended.finally(() => clearTimeout(timer))
  return { status, stdout: process.stdout, stderr: process.stderr }
}

/** Runs a command that must succeed; gives its standard output. */
export async function executeOrThrow(
  command: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<string> {
  const result = await execute(command, args, options)
  if (result.status !== 0) throw new CommandError([command, ...args].join(' '), result)
  return result.stdout
}

/** A running command, its output so far, and its end. */
export class Background {
  stdout = ''
  stderr = ''
  /** Exit status; null if a signal ended it. Rejects if it could not be started. */
  readonly ended: Promise<number | null>
  readonly #child: ChildProcess

  constructor(
    readonly command: string,
    args: readonly string[],
    options: Pick<ExecOptions, 'input' | 'env'> = {},
  ) {
    // A process group of its own: Ctrl-C reaches this process alone, which then cleans up.
    this.#child = spawn(command, args, { env: { ...process.env, ...options.env }, detached: true })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    // A command may end without reading its input.
    this.#child.stdin?.on('error', () => {})
    this.#child.stdin?.end(options.input ?? '')
    this.ended = once(this.#child, 'close').then(([status]) => status as number | null)
    this.ended.catch(() => {})
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.command} was not started`)
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Waits for text on standard output or error. Fails at once when the command ends without it. */
  async says(pattern: RegExp, deadlineMs = 15_000): Promise<void> {
    await waitFor(
      `${this.command} to say ${pattern}`,
      () => pattern.test(this.stdout) || pattern.test(this.stderr) || !this.running,
      deadlineMs,
    ).catch((cause) => {
      throw new Error(`${cause.message}\n${this.stdout}${this.stderr}`, { cause })
    })
    if (this.running) return
    await this.ended
    if (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      throw new Error(`${this.command} ended before it said ${pattern}:\n${this.stdout}${this.stderr}`)
    }
  }

  /** Sends a signal; a process that has ended is no error. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  /** Waits for its end; gives the exit status as `ended` does. */
  async ends(deadlineMs = 15_000): Promise<number | null> {
    await waitFor(`${this.command} to end`, () => !this.running, deadlineMs)
    return this.ended
  }

  /** Ends it: SIGTERM, after five seconds SIGKILL. */
  async stop(): Promise<void> {
    this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), 5000)
    await this.ended.finally(() => clearTimeout(timer))
  }
}
