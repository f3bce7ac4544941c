import { DirectorError, UnsupportedError } from '../core/errors.js'
import { type Outcome, runTool, whyNotStarted } from './tool.js'

/** One that hangs is ended, in milliseconds. */
const patienceMs = 10_000

/** nftables' `nft`, run without a shell. */
export class Nft {
  /**
   * Carries out commands, all of them or none.
   * @throws UnsupportedError if there is no nft, DirectorError INTERNAL with its own words if it refuses.
   */
  async apply(commands: readonly string[]): Promise<void> {
    const { status, stderr } = await this.#run(['-f', '-'], commands.map((line) => `${line}\n`).join(''))
    if (status !== 0)
      throw new DirectorError('INTERNAL', `nft: ${firstLine(stderr) || `exit status ${status}`}`, { stderr })
  }

  /** Names of the tables of family ip. @throws as apply(). */
  async tables(): Promise<string[]> {
    const { status, stdout, stderr } = await this.#run(['list', 'tables', 'ip'], '')
    if (status !== 0)
      throw new DirectorError('INTERNAL', `nft: ${firstLine(stderr) || `exit status ${status}`}`, { stderr })
    return [...stdout.matchAll(/^table ip (\S+)$/gm)].map(([, name = '']) => name)
  }

  async #run(args: readonly string[], input: string): Promise<Outcome> {
    try {
      return await runTool('nft', args, input, patienceMs)
    } catch (cause) {
      throw new UnsupportedError('nftables', `nft cannot be run (${whyNotStarted(cause, 'nftables')})`, { cause })
    }
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? ''
}
