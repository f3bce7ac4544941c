import { type ChildProcess, spawn } from 'node:child_process'
import { DirectorError } from '../core/errors.js'
import { type Outcome, runTool, whyNotStarted } from './tool.js'

/** iproute2's `ip`, run without a shell. IPv4 only. */
export class Ip {
  /** @param command how `ip` is run; tests put `nsenter` in front of it. */
  constructor(private readonly command: readonly string[] = ['ip']) {}

  /**
   * Runs one query and gives its rows, which are what `ip -j` documents for it.
   * @throws DirectorError INTERNAL with `ip`'s own words if it cannot be run, fails, or prints no JSON.
   */
  async query<Row>(...args: string[]): Promise<Row[]> {
    const { status, stdout, stderr } = await this.#run(['-4', '-j', ...args])
    if (status !== 0) throw failure(args, `exit status ${status}: ${stderr.trim()}`, { status, stderr })
    return rows(args, stdout)
  }

  /** Many queries in one process, one a line; those that the kernel refuses have no rows. */
  async queryAll<Row>(lines: readonly string[]): Promise<Row[]> {
    const args = ['-4', '-j', '-force', '-batch', '-']
    const { stdout } = await this.#run(args, lines)
    return stdout
      .split('\n')
      .filter((line) => line.trim() !== '')
      .flatMap((line) => rows<Row>(args, line))
  }

  /**
   * Many changes in one process, one a line.
   * @returns what was refused, in `ip`'s words; empty if nothing was. After some refusals (of neighbours:
   *   ip/ipneigh.c exits) the rest of the lines is not carried out.
   */
  async changeAll(lines: readonly string[]): Promise<string> {
    return (await this.#run(['-4', '-force', '-batch', '-'], lines)).stderr.trim()
  }

  /**
   * Starts a command that goes on until it is killed. The caller listens for its end and for 'error'. Without descriptors
   * it has no pipes.
   * @throws the system's error, in the cases that spawn() does not tell by 'error'.
   */
  start(...args: string[]): ChildProcess {
    const [file, before] = this.#program
    return spawn(file, [...before, '-4', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  }

  async #run(args: readonly string[], input: readonly string[] = []): Promise<Outcome> {
    const [file, before] = this.#program
    try {
      return await runTool(file, [...before, ...args], input.map((line) => `${line}\n`).join(''))
    } catch (cause) {
      throw failure(args, `cannot be run (${whyNotStarted(cause, 'iproute2')})`, {}, cause)
    }
  }

  get #program(): [file: string, before: readonly string[]] {
    const [file = 'ip', ...before] = this.command
    return [file, before]
  }
}

/** An empty result is printed as `[]`, as `[{}]` or not at all, depending on the subcommand. */
function rows<Row>(args: readonly string[], json: string): Row[] {
  if (json.trim() === '') return []
  try {
    return (JSON.parse(json) as Row[]).filter((row) => Object.keys(row as object).length > 0)
  } catch (cause) {
    throw failure(args, 'printed no JSON', { stdout: json }, cause)
  }
}

function failure(args: readonly string[], reason: string, details: object, cause?: unknown): DirectorError {
  return new DirectorError('INTERNAL', `ip ${args.join(' ')}: ${reason}`, { args, ...details }, { cause })
}
