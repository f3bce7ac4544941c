import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { DirectorError } from '../core/errors.js'

/**
 * Refuses a directory in which others could put, replace or remove files: sockets, state and pins in it are trusted. Symbolic links
 * above it are followed, as /var/run is one. What is not there, or is no directory, is left to those that use it.
 * @param field the option that names it.
 * @throws DirectorError INVALID for a symbolic link, PERMISSION for another owner or for write permission of others.
 */
export function requireOwnDirectory(path: string, field: string): void {
  const found = lstatSync(resolve(path), { throwIfNoEntry: false })
  if (found === undefined) return
  const refuse = (code: 'INVALID' | 'PERMISSION', reason: string): never => {
    throw new DirectorError(code, `${field}: ${path} ${reason}`, { field, value: path })
  }
  if (found.isSymbolicLink()) refuse('INVALID', 'is a symbolic link; give the directory itself')
  if (!found.isDirectory()) return
  const own = process.geteuid?.() ?? 0
  if (found.uid !== 0 && found.uid !== own) {
    const allowed = own === 0 ? 'root (user 0)' : `root (user 0) or user ${own}`
    refuse('PERMISSION', `belongs to user ${found.uid}; it must belong to ${allowed}`)
  }
  if ((found.mode & 0o022) !== 0) {
    const mode = (found.mode & 0o7777).toString(8).padStart(4, '0')
    refuse('PERMISSION', `can be written by others (mode ${mode}); 'chmod go-w' it, or give another`)
  }
}
