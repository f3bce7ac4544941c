/**
 * What is free in the arrays that packets read. What is given back rests for a while before it is
 * given out again: a packet that still reads the old plan must not find another service's in its place. Where all the rest is
 * in use, packets are waited for instead.
 */
import type { Clock } from '../../core/clock.js'
import { DirectorError } from '../../core/errors.js'

/** A packet is done with what it reads within microseconds; this allows for a CPU that was taken away. */
const restMs = 100

/** Says when packets are done with what was taken from them. */
export interface PacketClock extends Pick<Clock, 'nowMs'> {
  /** Waits until all packets that are being decided now have been; absent where that is not known. */
  readonly awaitPackets?: () => void
}

/** Values with a time before which they must not be used again, oldest first. */
class Resting<T> {
  #queue: { readonly value: T; readonly atMs: number }[] = []
  #head = 0

  constructor(readonly clock: PacketClock) {}

  add(value: T): void {
    this.#queue.push({ value, atMs: this.clock.nowMs() + restMs })
  }

  /** Takes out those whose time has come. */
  *rested(): Iterable<T> {
    const now = this.clock.nowMs()
    for (; this.#head < this.#queue.length; this.#head++) {
      const entry = this.#queue[this.#head]
      if (entry === undefined || entry.atMs > now) break
      yield entry.value
    }
    // Not each time: those behind would have to move up.
    if (this.#head * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }

  /** Takes out all, for whoever has nothing else left. */
  awaited(): readonly T[] {
    const values = this.#queue.slice(this.#head).map(({ value }) => value)
    if (values.length === 0 || !this.clock.awaitPackets) return []
    this.clock.awaitPackets()
    this.#queue = []
    this.#head = 0
    return values
  }
}

/** Single indexes of an array. */
export class IndexPool {
  /** 1 for those in use: a byte each, where a set would take 40. */
  readonly #isUsed: Uint8Array
  #used = 0
  readonly #free: number[] = []
  readonly #resting: Resting<number>
  #end = 0

  /** @param what is in the array, for messages. */
  constructor(
    readonly what: string,
    readonly capacity: number,
    clock: PacketClock,
  ) {
    this.#isUsed = new Uint8Array(capacity)
    this.#resting = new Resting(clock)
  }

  /** One past the highest index ever given out. */
  get end(): number {
    return this.#end
  }

  get used(): number {
    return this.#used
  }

  /** States what is in use already; once, before anything is allocated. */
  adopt(indexes: Iterable<number>): void {
    for (const index of indexes) {
      this.#take(index)
    }
    for (let index = this.#end - 1; index >= 0; index--) if (!this.#isUsed[index]) this.#free.push(index)
  }

  /** @throws DirectorError NO_SPACE. */
  allocate(): number {
    for (const index of this.#resting.rested()) this.#free.push(index)
    if (this.#free.length === 0 && this.#end === this.capacity) {
      for (const index of this.#resting.awaited()) this.#free.push(index)
    }
    const index = this.#free.pop() ?? this.#end
    if (index >= this.capacity) throw noSpace(this.what, this.capacity)
    this.#take(index)
    return index
  }

  /** @param wasSeen false: no packet can have read it, so it can be given out again at once. */
  release(index: number, wasSeen = true): void {
    if (!this.#isUsed[index]) return
    this.#isUsed[index] = 0
    this.#used--
    if (wasSeen) this.#resting.add(index)
    else this.#free.push(index)
  }

  #take(index: number): void {
    if (this.#isUsed[index]) return
    this.#isUsed[index] = 1
    this.#used++
    this.#end = Math.max(this.#end, index + 1)
  }
}

/** A run of consecutive indexes. */
export interface Region {
  readonly first: number
  readonly count: number
}

/**
 * Runs of consecutive indexes, in sizes rounded up to powers of two, at least one unit: nothing is
 * ever moved or joined, and a run of each size that was in use at once stays available. Larger runs
 * are cut only when the end is reached: what lay free at a restart is in the largest runs that there are.
 */
export class RegionPool {
  readonly #free = new Map<number, number[]>()
  readonly #resting: Resting<Region>
  #end = 0

  /** @param unit a power of two; every run begins at a multiple of it. */
  constructor(
    readonly what: string,
    readonly capacity: number,
    clock: PacketClock,
    private readonly unit = 1,
  ) {
    this.#resting = new Resting(clock)
  }

  /** States what is in use already; once, before anything is allocated. */
  adopt(regions: Iterable<Region>): void {
    const used = [...regions].filter(({ count }) => count > 0).sort((a, b) => a.first - b.first)
    for (const { first, count } of used) {
      while (this.#end < first) {
        const size = 2 ** Math.floor(Math.log2(first - this.#end))
        this.#give(size, this.#end)
        this.#end += size
      }
      this.#end = first + this.#sizeFor(count)
    }
  }

  /** @returns the first index. A run of 0 takes nothing. @throws DirectorError NO_SPACE. */
  allocate(count: number): number {
    if (count === 0) return 0
    const size = this.#sizeFor(count)
    for (const waits of ['rested', 'awaited'] as const) {
      for (const { first, count } of this.#resting[waits]()) this.#give(this.#sizeFor(count), first)
      const first = this.#take(size)
      if (first !== undefined) return first
    }
    throw noSpace(this.what, this.capacity)
  }

  #take(size: number): number | undefined {
    const free = this.#free.get(size)?.pop()
    if (free !== undefined) return free
    if (this.#end + size > this.capacity) return this.#cut(size)
    this.#end += size
    return this.#end - size
  }

  #cut(size: number): number | undefined {
    for (let larger = 2 * size; larger <= this.capacity; larger *= 2) {
      const first = this.#free.get(larger)?.pop()
      if (first === undefined) continue
      for (let rest = larger / 2; rest >= size; rest /= 2) this.#give(rest, first + rest)
      return first
    }
    return undefined
  }

  /** @param wasSeen as in {@link IndexPool.release}. */
  release(region: Region, wasSeen = true): void {
    if (region.count === 0) return
    if (wasSeen) this.#resting.add(region)
    else this.#give(this.#sizeFor(region.count), region.first)
  }

  #sizeFor(count: number): number {
    return Math.max(this.unit, 2 ** Math.ceil(Math.log2(count)))
  }

  #give(size: number, first: number): void {
    const free = this.#free.get(size)
    if (free) free.push(first)
    else this.#free.set(size, [first])
  }
}

function noSpace(what: string, capacity: number): DirectorError {
  return new DirectorError('NO_SPACE', `no room for more ${what}: all ${capacity} are in use`, { what, capacity })
}
