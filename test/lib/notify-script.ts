import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChecksLab, vip } from './checks-lab.js'

/**
 * A script for keepalived to call, with a port and further words. It looks, by the distribution's ipvsadm, which real servers the
 * service at that port has then.
 */
export class NotifyScript {
  readonly #script: string
  readonly #called: string

  constructor({ workspace }: ChecksLab) {
    const directory = workspace.temporaryDirectory('notify-script')
    this.#script = join(directory, 'notify.sh')
    this.#called = join(directory, 'called')
    const servers = `ipvsadm -Ln -t ${vip}:$1 | sed -n 's/^  -> \\([0-9.]*\\):.*/ \\1/p' | sort | tr -d '\\n'`
    writeFileSync(this.#script, `#!/bin/sh\nservers=$(${servers})\necho "$*:$servers" >>${this.#called}\n`, {
      mode: 0o755,
    })
  }

  /** `KEYWORD_up` and `KEYWORD_down`, which call the script with the service's port, who it is about, and up or down. */
  lines(keyword: 'notify' | 'quorum', port: number, who: string): string {
    return (['up', 'down'] as const)
      .map((state) => `${keyword}_${state} "${this.#script} ${port} ${who} ${state}"`)
      .join('\n ')
  }

  /** Its calls so far for a service: `server1 down: 192.0.2.12`, with the real servers that it has seen. */
  calls(port: number): string[] {
    const lines = existsSync(this.#called) ? readFileSync(this.#called, 'utf8').trim().split('\n') : []
    return lines.filter((line) => line.startsWith(`${port} `)).map((line) => line.slice(`${port} `.length))
  }

  /** What it was last told of somebody: up or down; undefined: nothing yet. */
  stateOf(who: string, port: number): string | undefined {
    const about = this.calls(port).filter((call) => call.startsWith(`${who} `))
    return about.at(-1)?.split(/[ :]/)[1]
  }
}
