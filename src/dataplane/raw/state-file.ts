import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.js'
import { DirectorError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { leftByAnother } from '../tables/other-build.js'
import type { MemoryMaps } from '../wasm/module.js'
import { type Stored, snapshotOf, storedIn } from './snapshot.js'

/** In the runtime directory, which is memory and ends with the machine, as connections do. */
export const stateName = 'raw.state'

/** How long after a change of the configuration it is in the file, in milliseconds; in a burst of changes the first counts. */
const soonMs = 200
/** No packet is forwarded while a copy is made. For so many times as long none is made again: of a large table, more rarely. */
const restFactor = 100

/**
 * What the last process left in a directory, unless that is worth nothing any more.
 * @throws DirectorError INVALID or PERMISSION if something is there that cannot be read, INCOMPATIBLE if another version can.
 */
export function readState(directory: string, log: Logger): Stored | undefined {
  const path = join(directory, stateName)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return undefined
  if (!found.isFile()) {
    throw new DirectorError('INVALID', `${path} is no file; remove it or choose another --runtime-dir`, { path })
  }
  const stored = storedIn(read(path), bootId())
  if ('fill' in stored) return stored
  const { reason, isAnothers } = stored
  if (isAnothers) throw leftByAnother(path, reason)
  log.warn({ path, reason }, 'the state of the last run cannot be used; starting without it')
  return undefined
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new DirectorError('PERMISSION', `${path} cannot be read: ${(cause as Error).message}`, { path }, { cause })
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** Writes what the raw data plane knows down for the next process. */
export class StateFile {
  readonly #path: string
  readonly #bootId = bootId()
  #writing: Promise<void> | undefined
  #planned: (() => void) | undefined
  #notBeforeMs = 0

  constructor(
    directory: string,
    private readonly maps: MemoryMaps,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.#path = join(directory, stateName)
  }

  /** The configuration has changed: it is written soon. */
  note(): void {
    const restMs = this.#notBeforeMs - this.clock.nowMs()
    this.#planned ??= this.clock.after(Math.max(soonMs, restMs), () => {
      this.#planned = undefined
      this.save()
    })
  }

  /** Writes in the background what is known now; later if something is being written, or has been not long ago. */
  save(): void {
    if (this.#writing || this.clock.nowMs() < this.#notBeforeMs) {
      this.note()
      return
    }
    this.#writing = this.#write()
      .catch((err: unknown) => {
        this.log.warn({ err, path: this.#path }, 'state cannot be written and will be tried again')
      })
      .finally(() => {
        this.#writing = undefined
      })
  }

  /** Writes it the last time, before the process ends. */
  async close(): Promise<void> {
    this.#planned?.()
    await this.#writing
    try {
      await this.#write()
    } catch (err) {
      this.log.error({ err, path: this.#path }, 'state cannot be written: the next start will know no connections')
    }
  }

  /** In place of close() for a start that failed: what it has written goes, unless there was something before. */
  async discard(hadBefore: boolean): Promise<void> {
    this.#planned?.()
    await this.#writing
    if (!hadBefore) rmSync(this.#path, { force: true })
  }

  async #write(): Promise<void> {
    const startMs = this.clock.nowMs()
    const bytes = snapshotOf(this.maps, this.#bootId)
    const endMs = this.clock.nowMs()
    this.#notBeforeMs = endMs + restFactor * (endMs - startMs)
    await writeFile(this.#newPath, bytes, { mode: 0o600 })
    await rename(this.#newPath, this.#path)
  }

  get #newPath(): string {
    return `${this.#path}.new`
  }
}

/** Removes what the raw data plane has written to a directory. @returns false if there was nothing. */
export function removeState(directory: string): boolean {
  const path = join(directory, stateName)
  const before = existsSync(path)
  for (const name of [path, `${path}.new`]) rmSync(name, { force: true })
  return before
}
