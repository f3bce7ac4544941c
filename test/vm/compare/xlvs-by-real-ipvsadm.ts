import { underLibrary } from '../netlink/under-library.js'
import { Shell } from './shell.js'
import { shellLine } from './shell-line.js'
import type { Outcome, Subject } from './subject.js'
import type { Wire } from './wire.js'
import type { Xlvs } from './xlvs.js'

/** xlvs, driven by the ipvsadm of the distribution under the preload library; files of /proc are read under it, too. */
export class XlvsByRealIpvsadm implements Subject {
  readonly name = 'xlvs by the real ipvsadm'
  readonly #shell: Shell

  constructor(
    private readonly xlvs: Xlvs,
    /** For what commands read and write. */
    directory: string,
  ) {
    this.#shell = new Shell(xlvs.namespace, directory, underLibrary(xlvs.ipvsSocket))
  }

  get wire(): Wire {
    return this.xlvs.wire
  }

  async ipvsadm(args: readonly string[], input = ''): Promise<Outcome> {
    const outcome = await this.#shell.run(['ipvsadm', ...args], input)
    await this.xlvs.hopsKnown()
    return outcome
  }

  print(lines: readonly string[]): Promise<string[]> {
    return this.#shell.printed(lines.map(shellLine))
  }

  /** The director itself goes on. */
  async close(): Promise<void> {
    this.#shell.close()
  }
}
