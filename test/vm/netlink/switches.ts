import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Real servers that are up or down as they are told: by a file each, which keepalived runs as its check. */
export class Switches {
  constructor(
    private readonly directory: string,
    names: readonly string[],
  ) {
    this.turn(0, ...names)
  }

  /** What a MISC_CHECK runs. */
  script(name: string): string {
    return `/bin/sh ${this.#file(name)}`
  }

  /** @param status of the check from now on: 0 is up, 1 is down, from 2 on it is up with that weight and two more (misc_dynamic). */
  turn(status: number, ...names: readonly string[]): void {
    for (const file of names.map((name) => this.#file(name))) {
      writeFileSync(`${file}.new`, `exit ${status}\n`)
      renameSync(`${file}.new`, file)
    }
  }

  #file(name: string): string {
    return join(this.directory, name)
  }
}
