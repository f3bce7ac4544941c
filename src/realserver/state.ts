import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from '../core/address.js'
import { DirectorError } from '../core/errors.js'
import type { Way } from './plan.js'

/** What start did for a VIP, so that stop can undo it: a file in the runtime directory, gone after a reboot like the settings. */
export interface State {
  readonly vip: Address
  /** The network namespace that it was done in. */
  readonly netns: string
  readonly way: Way
  /** By the names of the settings that were changed, for this VIP or for an earlier one: the values before. */
  readonly before: Readonly<Record<string, string>>
}

/** The states of all VIPs of this machine. */
export class StateDirectory {
  constructor(private readonly directory: string) {}

  /** The file that a VIP's state is in. */
  path(vip: Address): string {
    return join(this.directory, `realserver-${vip}.json`)
  }

  /** @throws DirectorError INTERNAL if there is a file that cannot be understood. */
  read(vip: Address): State | undefined {
    return readState(this.path(vip))
  }

  /** The states of the other VIPs. */
  others(vip: Address): State[] {
    return this.names()
      .map((name) => join(this.directory, name))
      .filter((path) => path !== this.path(vip))
      .flatMap((path) => readState(path) ?? [])
  }

  /** Whole or not at all: a half-written state could not be undone. */
  write(state: State): void {
    const path = this.path(state.vip)
    try {
      mkdirSync(this.directory, { recursive: true, mode: 0o755 })
      writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch (cause) {
      throw new DirectorError('PERMISSION', `${path}: cannot be written (are you root?)`, { path }, { cause })
    }
  }

  remove(vip: Address): void {
    rmSync(this.path(vip), { force: true })
  }

  private names(): string[] {
    try {
      return readdirSync(this.directory).filter((name) => /^realserver-.*\.json$/.test(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

function readState(path: string): State | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as State
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new DirectorError('INTERNAL', `${path}: cannot be read as the state of a real server`, { path }, { cause })
  }
}
