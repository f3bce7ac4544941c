import { readFileSync } from 'node:fs'
import { DirectorError } from '../../core/errors.js'
import { connLayout, sharedConstant } from './layout.gen.js'

/** Connections that the table holds unless told otherwise: 32 MiB. */
export const defaultTableSize = 1 << 20
const smallest = 1 << 10
/** 4 GiB: the longest mapping that Node can show as one buffer. */
const largest = 1 << 27

/**
 * Sets for a table of at least `entries` connections: a power of two.
 * @throws DirectorError INVALID outside 1,024 to 134,217,728.
 */
export function setsFor(entries: number): number {
  if (!Number.isInteger(entries) || entries < smallest || entries > largest) {
    throw new DirectorError(
      'INVALID',
      `conn-table-size: ${entries} is not a whole number from ${smallest} to ${largest}`,
      {
        field: 'conn-table-size',
        value: entries,
      },
    )
  }
  return 2 ** Math.ceil(Math.log2(entries / sharedConstant.SET_SLOTS))
}

/**
 * The table that is there keeps its size: its connections are where the hash put them.
 * @throws DirectorError INVALID if another was asked for than that of `sets`.
 */
export function refuseOtherSize(entries: number | undefined, sets: number): void {
  if (entries === undefined || setsFor(entries) === sets) return
  throw new DirectorError(
    'INVALID',
    `conn-table-size: ${entries} asked for, but the table of the running data plane has ${sets * sharedConstant.SET_SLOTS}; 'xlvs down' first gives up its connections`,
    { field: 'conn-table-size', value: entries },
  )
}

/** @throws DirectorError NO_SPACE if the machine has not the memory for a table of so many sets. */
export function checkMemory(sets: number, availableBytes: number = memoryAvailable()): void {
  const entries = sets * sharedConstant.SET_SLOTS
  const bytes = entries * connLayout.size
  if (bytes <= availableBytes) return
  throw new DirectorError(
    'NO_SPACE',
    `conn-table-size: ${entries} connections take ${mebibytes(bytes)} MiB of memory, ${mebibytes(availableBytes)} MiB are available`,
    { bytes, availableBytes },
  )
}

function memoryAvailable(): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(kibibytes) * 1024
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 2 ** 20)
}
