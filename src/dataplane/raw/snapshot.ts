/** Maps in memory as bytes, for a file: a line of JSON that says what is there, then blocks and entries as they stand in memory. */
import { createHash } from 'node:crypto'
import type { MemoryMap } from '../sim/memory-map.js'
import type { MemoryMaps } from '../sim/tables.js'
import { maps as specs } from '../tables/layout.gen.js'

/** Connections are scattered: two of them, a cache line. */
const blockBytes = 64
const indexBytes = 4
/** What is compared with 0 at once; mostly that is the end of it. */
const pageBytes = 16_384
const zeroes = Buffer.alloc(pageBytes)

/** What was kept of one map. */
interface Kept {
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  /** Of an array: how many blocks are not all 0. Their indexes come before them. */
  readonly blocks?: number
  /** Of a hash: entries, keys before values. */
  readonly count?: number
}

interface Header {
  readonly format: 1
  /** Of all that follows the line, SHA-256 in hexadecimal. */
  readonly sha256: string
  /** Ticks mean nothing after a new start of the machine. */
  readonly bootId: string
  readonly maps: Readonly<Record<string, Kept>>
}

/** A copy of all maps as they are now. */
export function snapshotOf(maps: MemoryMaps, bootId: string): Buffer {
  const parts: Buffer[] = []
  const kept = Object.entries(maps).map(([name, map]) => {
    const { keySize, valueSize, maxEntries } = map.info
    const [what, bytes] = map.kind === 'hash' ? entriesOf(map) : blocksOf(map)
    parts.push(...bytes)
    return [name, { keySize, valueSize, maxEntries, ...what }] as const
  })
  const header: Header = { format: 1, sha256: sha256Of(parts), bootId, maps: Object.fromEntries(kept) }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts])
}

/** What a process left. */
export interface Stored {
  /** Sets of its connection table. */
  readonly sets: number
  readonly services: number
  /** Fills maps that are empty, and have a connection table of that size. */
  fill(maps: MemoryMaps): void
}

/** Reads a snapshot. @returns a text that says why it cannot be used. */
export function storedIn(snapshot: Buffer, bootId: string): Stored | string {
  const end = snapshot.indexOf('\n')
  const header = end < 0 ? undefined : parse(snapshot.toString('utf8', 0, end))
  if (header?.format !== 1) return 'it is no state of this version'
  if (header.bootId !== bootId) return 'the machine has been started anew since'
  const { conns, ...others } = header.maps
  const different = Object.entries(specs).find(([name, spec]) => name !== 'conns' && !hasShape(spec, others[name]))
  if (!conns || different || !isTableSize(conns.maxEntries))
    return `its table ${different?.[0] ?? 'conns'} is another build's`
  const length = Object.values(header.maps).reduce((sum, kept) => sum + lengthOf(kept), end + 1)
  if (length !== snapshot.length) return `it is ${snapshot.length} bytes long and should be ${length}`
  if (sha256Of([snapshot.subarray(end + 1)]) !== header.sha256) return 'it is damaged'
  return {
    sets: conns.maxEntries,
    services: others.services?.count ?? 0,
    fill: (maps) => fill(maps, header, snapshot.subarray(end + 1)),
  }
}

function fill(maps: MemoryMaps, header: Header, bytes: Buffer): void {
  let at = 0
  for (const [name, kept] of Object.entries(header.maps)) {
    const map = maps[name as keyof MemoryMaps]
    const part = bytes.subarray(at, at + lengthOf(kept))
    if (kept.blocks !== undefined) putBlocks(map, kept.blocks, part)
    else putEntries(map, kept.count ?? 0, part)
    at += part.length
  }
}

function parse(line: string): Header | undefined {
  try {
    return JSON.parse(line) as Header
  } catch {
    return undefined
  }
}

function sha256Of(parts: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function isTableSize(sets: number): boolean {
  return Number.isInteger(Math.log2(sets))
}

function hasShape({ keySize, valueSize, maxEntries }: Kept, kept: Kept | undefined): boolean {
  return kept?.keySize === keySize && kept.valueSize === valueSize && kept.maxEntries === maxEntries
}

/** Bytes of what was kept of a map. */
function lengthOf({ keySize, valueSize, blocks, count = 0 }: Kept): number {
  return blocks === undefined ? count * (keySize + valueSize) : blocks * (indexBytes + blockBytes)
}

function blocksOf(map: MemoryMap): [Pick<Kept, 'blocks'>, Buffer[]] {
  const memory = memoryOf(map)
  const found = blocksIn(memory)
  const indexes = Buffer.allocUnsafe(found.length * indexBytes)
  // The last block of a map may be shorter.
  const blocks = Buffer.alloc(found.length * blockBytes)
  for (const [i, block] of found.entries()) {
    indexes.writeUInt32LE(block, i * indexBytes)
    memory.copy(blocks, i * blockBytes, block * blockBytes, (block + 1) * blockBytes)
  }
  return [{ blocks: found.length }, [indexes, blocks]]
}

/** Blocks that are not all 0. */
function blocksIn(memory: Buffer): number[] {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length / 4)
  const found: number[] = []
  for (let page = 0; page < memory.length; page += pageBytes) {
    const end = Math.min(page + pageBytes, memory.length)
    if (memory.compare(zeroes, 0, end - page, page, end) === 0) continue
    for (let at = page; at < end; at += blockBytes) {
      if (!isZero(words, at / 4, Math.min(at + blockBytes, end) / 4)) found.push(at / blockBytes)
    }
  }
  return found
}

function isZero(words: Int32Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (words[i] !== 0) return false
  return true
}

function putBlocks(map: MemoryMap, count: number, bytes: Buffer): void {
  const memory = memoryOf(map)
  for (let i = 0; i < count; i++) {
    const from = count * indexBytes + i * blockBytes
    bytes.copy(memory, bytes.readUInt32LE(i * indexBytes) * blockBytes, from, from + blockBytes)
  }
}

function entriesOf(map: MemoryMap): [Pick<Kept, 'count'>, Buffer[]] {
  const { count, keys, values } = map.lookupAll()
  return [{ count }, [keys, values]]
}

function putEntries(map: MemoryMap, count: number, bytes: Buffer): void {
  const { keySize, valueSize } = map.info
  for (let i = 0; i < count; i++) {
    const value = count * keySize + i * valueSize
    map.update(bytes.subarray(i * keySize, (i + 1) * keySize), bytes.subarray(value, value + valueSize))
  }
}

function memoryOf(map: MemoryMap): Buffer {
  const { buffer, byteOffset, byteLength } = map.view()
  return Buffer.from(buffer, byteOffset, byteLength)
}
