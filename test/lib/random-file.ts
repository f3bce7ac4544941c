import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

const blockBytes = 1_000_000

/** Writes a file of random bytes; gives its SHA-256 in hex. */
export function writeRandomFile(path: string, megabytes: number): string {
  const hash = createHash('sha256')
  const block = Buffer.alloc(blockBytes)
  const file = openSync(path, 'w')
  try {
    for (let i = 0; i < megabytes; i++) {
      randomFillSync(block)
      hash.update(block)
      writeSync(file, block)
    }
  } finally {
    closeSync(file)
  }
  return hash.digest('hex')
}

/** SHA-256 of a file, in hex. */
export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
