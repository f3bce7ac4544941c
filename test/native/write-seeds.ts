import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seedBytes, seeds } from './seeds.js'

/** Writes the seeds into a folder as the fuzzer reads them. Returns the files. */
export function writeSeeds(folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  return Object.entries(seeds).map(([name, seed]) => {
    const file = join(folder, name)
    writeFileSync(file, seedBytes(seed))
    return file
  })
}
