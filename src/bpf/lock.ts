import { native } from '../native.js'
import { check } from './error.js'

const EWOULDBLOCK = 11

/**
 * Takes the exclusive lock (flock) of a directory, in bpffs too. It ends with release() or with
 * this process, however that dies.
 * @returns undefined while another has it.
 * @throws BpfError ENOENT, ENOTDIR, EACCES.
 */
export function lockDirectory(path: string): { release(): void } | undefined {
  const result = native().lockDirectory(path)
  if (result === -EWOULDBLOCK) return undefined
  const handle = check(result, 'flock', path)
  return { release: () => handle.close() }
}
