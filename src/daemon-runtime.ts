import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { removeDirectories } from './bpf/index.js'
import { DirectorError, type ErrorCode } from './core/errors.js'
import { requireOwnDirectory } from './net/own-directory.js'

/** What mkdir(2) refuses for, in words; the rest says the errno. */
const refusals: Readonly<Record<string, { readonly code: ErrorCode; readonly reason: string }>> = {
  EEXIST: { code: 'INVALID', reason: 'it exists and is not a directory' },
  ENOTDIR: { code: 'INVALID', reason: 'what is above it is not a directory' },
  ENOENT: { code: 'INVALID', reason: 'nothing can be made there' },
  EROFS: { code: 'PERMISSION', reason: 'the file system is read-only' },
  EACCES: { code: 'PERMISSION', reason: 'permission denied' },
  EPERM: { code: 'PERMISSION', reason: 'permission denied' },
  ENOSPC: { code: 'NO_SPACE', reason: 'the disk is full' },
}

/** A file that says that the directory is xlvs's to remove, also by a later run: others may have made it before. */
const madeName = '.made-by-xlvs'

/** The directory of the control socket. */
export class RuntimeDirectory {
  #outermostMade: string | undefined

  constructor(readonly path: string) {}

  /** @throws DirectorError that says why it cannot be made, or why one that is there is not used. */
  create(): void {
    requireOwnDirectory(this.path, 'runtime-dir')
    try {
      this.#outermostMade = mkdirSync(this.path, { recursive: true, mode: 0o755 })
      if (this.#outermostMade !== undefined) writeFileSync(this.#madePath, '')
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException
      const { code: kind, reason } = refusals[code] ?? { code: 'INTERNAL', reason: code }
      const message = `runtime-dir: ${this.path} cannot be made: ${reason}`
      throw new DirectorError(kind, message, { field: 'runtime-dir', value: this.path }, { cause })
    }
  }

  /** Removes the directory if a director made it and nobody uses it. */
  remove(): void {
    // The command and the daemon may both be at it: what is in it still, its owner will remove, and then the directory.
    const entries = existsSync(this.path) ? readdirSync(this.path) : []
    if (entries.length !== 1 || entries[0] !== madeName) return
    rmSync(this.#madePath, { force: true })
    removeDirectories([this.path])
  }

  /** Removes the directories that create() made. */
  undo(): void {
    if (this.#outermostMade === undefined) return
    rmSync(this.#madePath, { force: true })
    const outermost = resolve(this.#outermostMade)
    const made: string[] = []
    for (let directory = resolve(this.path); directory.startsWith(outermost); directory = dirname(directory)) {
      made.push(directory)
    }
    removeDirectories(made)
  }

  get #madePath(): string {
    return join(this.path, madeName)
  }
}
