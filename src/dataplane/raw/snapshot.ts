/** Maps in memory as bytes, for a file: a line of JSON that says what is there, then pages and entries as they stand in memory. */
import type { MemoryMap } from '../sim/memory-map.js'
import type { MemoryMaps } from '../sim/tables.js'
import { maps as specs } from '../tables/layout.gen.js'

const pageBytes = 4096
const zeroes = Buffer.alloc(pageBytes)

/** What was kept of one map. */
interface Kept {
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  /** Of an array: the pages that are not all 0. */
  readonly pages?: readonly number[]
  /** Of a hash: entries, keys before values. */
  readonly count?: number
}

interface Header {
  readonly format: 1
  /** Ticks mean nothing after a new start of the machine. */
  readonly bootId: string
  readonly maps: Readonly<Record<string, Kept>>
}

/** A copy of all maps as they are now. */
export function snapshotOf(maps: MemoryMaps, bootId: string): Buffer {
  const parts: Buffer[] = []
  const kept = Object.entries(maps).map(([name, map]) => {
    const { keySize, valueSize, maxEntries } = map.info
    const [what, bytes] = map.kind === 'hash' ? entriesOf(map) : pagesOf(map)
    parts.push(...bytes)
    return [name, { keySize, valueSize, maxEntries, ...what }] as const
  })
  const header: Header = { format: 1, bootId, maps: Object.fromEntries(kept) }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts])
}

/** What a process left. */
export interface Stored {
  /** Sets of its connection table. */
  readonly sets: number
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
  if (!conns || different) return `its table ${different?.[0] ?? 'conns'} is another build's`
  const length = Object.values(header.maps).reduce((sum, kept) => sum + lengthOf(kept), end + 1)
  if (length !== snapshot.length) return `it is ${snapshot.length} bytes long and should be ${length}`
  return { sets: conns.maxEntries, fill: (maps) => fill(maps, header, snapshot.subarray(end + 1)) }
}

function fill(maps: MemoryMaps, header: Header, bytes: Buffer): void {
  let at = 0
  for (const [name, kept] of Object.entries(header.maps)) {
    const map = maps[name as keyof MemoryMaps]
    const part = bytes.subarray(at, at + lengthOf(kept))
    if (kept.pages) putPages(map, kept.pages, part)
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

function hasShape({ keySize, valueSize, maxEntries }: Kept, kept: Kept | undefined): boolean {
  return kept?.keySize === keySize && kept.valueSize === valueSize && kept.maxEntries === maxEntries
}

/** Bytes of what was kept of a map. */
function lengthOf({ keySize, valueSize, maxEntries, pages, count = 0 }: Kept): number {
  if (!pages) return count * (keySize + valueSize)
  const bytes = maxEntries * Math.ceil(valueSize / 8) * 8
  return pages.reduce((sum, page) => sum + Math.min(pageBytes, bytes - page * pageBytes), 0)
}

function pagesOf(map: MemoryMap): [Pick<Kept, 'pages'>, Buffer[]] {
  const memory = memoryOf(map)
  const pages: number[] = []
  const bytes: Buffer[] = []
  for (let at = 0; at < memory.length; at += pageBytes) {
    const page = memory.subarray(at, at + pageBytes)
    if (page.equals(page.length === pageBytes ? zeroes : zeroes.subarray(0, page.length))) continue
    pages.push(at / pageBytes)
    bytes.push(page)
  }
  return [{ pages }, bytes]
}

function putPages(map: MemoryMap, pages: readonly number[], bytes: Buffer): void {
  const memory = memoryOf(map)
  let from = 0
  for (const page of pages) from += bytes.copy(memory, page * pageBytes, from, Math.min(from + pageBytes, bytes.length))
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
