/**
 * Maps in memory as bytes, for a file: a line with the SHA-256 of all that follows, in hexadecimal; a line of JSON that says
 * what is there; blocks and entries as they stand in memory.
 */
import { createHash } from 'node:crypto'
import { sharedConstant, maps as specs } from '../tables/layout.gen.js'
import { layoutRefusal } from '../tables/other-build.js'
import type { MemoryMap } from '../wasm/memory-map.js'
import type { MemoryMaps } from '../wasm/module.js'

/** Connections are scattered: two of them, a cache line. */
const blockBytes = 64
const indexBytes = 4
/** What is compared with 0 at once; mostly that is the end of it. */
const pageBytes = 16_384
const zeroes = Buffer.alloc(pageBytes)

const digestLength = 65
const digestLine = /^[0-9a-f]{64}\n/

/** Not kept: they outlive no packet, or no tick, or are the kernel's alone. */
const transient: readonly string[] = ['locks', 'scratch', 'icmpBudget', 'sweeper'] satisfies (keyof typeof specs)[]
/** May be another build's: counts of other verdicts, which begin anew. */
const renewable = ['verdicts']

const shapeFields = ['type', 'keySize', 'valueSize', 'maxEntries'] as const
type Shape = Readonly<Record<(typeof shapeFields)[number], number>>

/** What was kept of one map. */
interface Kept extends Shape {
  /** Of an array: how many blocks are not all 0. Their indexes come before them. */
  readonly blocks?: number
  /** Of a hash: entries, keys before values. */
  readonly count?: number
}

interface Header {
  /** LAYOUT_VERSION. */
  readonly layout?: number
  /** Ticks mean nothing after a new start of the machine. */
  readonly bootId: string
  readonly maps: Readonly<Record<string, Kept>>
}

/** A copy of all maps as they are now. */
export function snapshotOf(maps: MemoryMaps, bootId: string): Buffer {
  const parts: Buffer[] = []
  const lasting = Object.entries(specs).filter(([name]) => !transient.includes(name))
  const kept = lasting.map(([name, { type }]) => {
    const map = maps[name as keyof MemoryMaps]
    const { keySize, valueSize, maxEntries } = map.info
    const [what, bytes] = map.kind === 'hash' ? entriesOf(map) : blocksOf(map)
    parts.push(...bytes)
    return [name, { type, keySize, valueSize, maxEntries, ...what }] as const
  })
  const header: Header = { layout: sharedConstant.LAYOUT_VERSION, bootId, maps: Object.fromEntries(kept) }
  const all = [Buffer.from(`${JSON.stringify(header)}\n`), ...parts]
  return Buffer.concat([Buffer.from(`${sha256Of(all)}\n`), ...all])
}

/** What a process left. */
export interface Stored {
  /** Sets of its connection table. */
  readonly sets: number
  readonly services: number
  /** Tables that begin anew. */
  readonly anew: readonly string[]
  /** Fills maps that are empty, and have a connection table of that size. */
  fill(maps: MemoryMaps): void
}

/** Why a snapshot cannot be used. */
export interface Unusable {
  readonly reason: string
  /** It may be of use to another version. */
  readonly isAnothers: boolean
}

/** Reads a snapshot. */
export function storedIn(snapshot: Buffer, bootId: string): Stored | Unusable {
  const [digest] = digestLine.exec(snapshot.toString('latin1', 0, digestLength)) ?? []
  if (digest === undefined) return { reason: 'it is no state of this version', isAnothers: true }
  const signed = snapshot.subarray(digestLength)
  if (`${sha256Of([signed])}\n` !== digest) return { reason: 'it is damaged', isAnothers: false }
  const end = signed.indexOf('\n')
  const header = JSON.parse(signed.toString('utf8', 0, end)) as Header
  const refusal = layoutRefusal(header.layout)
  if (refusal !== undefined) return { reason: refusal, isAnothers: true }
  if (header.bootId !== bootId) return { reason: 'the machine has been started anew since', isAnothers: false }
  const another = anothersTable(header.maps)
  if (another !== undefined) return { reason: `its table ${another} is another build's`, isAnothers: true }
  const { conns, services } = header.maps as Record<keyof typeof specs, Kept>
  return {
    sets: conns.maxEntries,
    services: services.count ?? 0,
    anew: renewable.filter((name) => !isOurs(name, header.maps[name])),
    fill: (maps) => fill(maps, header, signed.subarray(end + 1)),
  }
}

/** The table that forbids to go on: of another shape, or only in one of the builds. */
function anothersTable(kept: Header['maps']): string | undefined {
  const names = new Set([...Object.keys(specs), ...Object.keys(kept)])
  return [...names].find((name) => ![...transient, ...renewable].includes(name) && !isOurs(name, kept[name]))
}

/** Whether what was kept is a table of this build's; the connection table has the size that was asked for. */
function isOurs(name: string, kept: Kept | undefined): boolean {
  const ours: Shape | undefined = specs[name as keyof typeof specs]
  return shapeFields.every((field) => ours?.[field] === kept?.[field] || (name === 'conns' && field === 'maxEntries'))
}

function fill(maps: MemoryMaps, header: Header, bytes: Buffer): void {
  let at = 0
  for (const [name, kept] of Object.entries(header.maps)) {
    const part = bytes.subarray(at, at + lengthOf(kept))
    at += part.length
    if (transient.includes(name) || !isOurs(name, kept)) continue
    const map = maps[name as keyof MemoryMaps]
    if (kept.blocks !== undefined) putBlocks(map, kept.blocks, part)
    else putEntries(map, kept.count ?? 0, part)
  }
}

function sha256Of(parts: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
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
