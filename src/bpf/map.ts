import { basename } from 'node:path'
import { type MapInfo, type NativeMap, native } from '../native.js'
import { check } from './error.js'

/** Flags of BpfMap.update, linux/bpf.h. */
export const updateFlags = { any: 0, noExist: 1, exist: 2 } as const

const ENOENT = 2
const ENOSPC = 28

/** Values (of all CPUs) that one batch may take, in bytes; more is read in several. */
const batchBytes = 4 << 20

/** Entries read in one go: keys[i] belongs to values[i], all of one size, end to end. */
export interface MapEntries {
  readonly count: number
  readonly keys: Buffer
  readonly values: Buffer
}

/**
 * A BPF map. Keys and values are raw bytes in host order; the codecs of layout.gen.ts read them.
 * A value of a per-CPU map is the values of all possible CPUs (info.valueBytes).
 * Methods throw BpfError when the kernel refuses, and RangeError for a key or value of the wrong size.
 */
export class BpfMap {
  readonly info: MapInfo

  private constructor(
    private readonly handle: NativeMap,
    readonly name: string,
  ) {
    this.info = check(handle.info(), 'BPF_OBJ_GET_INFO_BY_FD', name)
  }

  /** Takes over what the addon made. */
  static of(handle: NativeMap, name: string): BpfMap {
    return new BpfMap(handle, name)
  }

  /** @throws BpfError ENOENT if nothing is pinned at `path`, EINVAL if it is not a map. */
  static openPinned(path: string): BpfMap {
    return new BpfMap(check(native().openPinnedMap(path), 'BPF_OBJ_GET', path), basename(path))
  }

  /** The descriptor, valid until close(): values of program arrays and of maps in maps. */
  get fd(): number {
    return check(this.handle.fd(), 'fd', this.name)
  }

  /** The value, or undefined if the key is not there. */
  lookup(key: Uint8Array): Buffer | undefined {
    this.checkSize('key', key, this.info.keySize)
    const value = Buffer.alloc(this.info.valueBytes)
    const status = this.handle.lookup(key, value)
    if (status === -ENOENT) return undefined
    check(status, 'BPF_MAP_LOOKUP_ELEM', this.name)
    return value
  }

  /** @param flags of {@link updateFlags}. */
  update(key: Uint8Array, value: Uint8Array, flags: number = updateFlags.any): void {
    this.checkSize('key', key, this.info.keySize)
    this.checkSize('value', value, this.info.valueBytes)
    check(this.handle.update(key, value, flags), 'BPF_MAP_UPDATE_ELEM', this.name)
  }

  /** Whether it was there. */
  delete(key: Uint8Array): boolean {
    this.checkSize('key', key, this.info.keySize)
    const status = this.handle.delete(key)
    if (status === -ENOENT) return false
    check(status, 'BPF_MAP_DELETE_ELEM', this.name)
    return true
  }

  /** Keys one by one. The caller may delete each as it gets it; others' changes meanwhile may show keys twice or not at all. */
  *keys(): Iterable<Buffer> {
    let key = this.nextKey(undefined)
    while (key !== undefined) {
      // Asked for before the caller can delete this one: after a missing key the kernel starts over.
      const next = this.nextKey(key)
      yield key
      key = next
    }
  }

  private nextKey(key: Buffer | undefined): Buffer | undefined {
    const next = Buffer.alloc(this.info.keySize)
    const status = this.handle.nextKey(key, next)
    if (status === -ENOENT) return undefined
    check(status, 'BPF_MAP_GET_NEXT_KEY', this.name)
    return next
  }

  /** All entries, by BPF_MAP_LOOKUP_BATCH in few system calls. Arrays and hashes, per-CPU or not. */
  lookupAll(): MapEntries {
    const { keySize, valueBytes, maxEntries } = this.info
    let room = Math.max(1, Math.min(maxEntries, Math.floor(batchBytes / valueBytes)))
    const batches: MapEntries[] = []
    let total = 0
    let from: Buffer | undefined
    while (total < maxEntries) {
      const to = this.newCursor()
      const batch = this.lookupBatch(from, to, room)
      if (batch === undefined) {
        room *= 2
        continue
      }
      if (batch.count === 0) break
      batches.push(batch)
      total += batch.count
      from = to
    }
    return {
      count: total,
      keys: Buffer.concat(
        batches.map(({ keys }) => keys),
        total * keySize,
      ),
      values: Buffer.concat(
        batches.map(({ values }) => values),
        total * valueBytes,
      ),
    }
  }

  /** Room for a cursor: a key of the map, or a bucket number (4 bytes) of a hash. */
  private newCursor(): Buffer {
    return Buffer.alloc(Math.max(this.info.keySize, 4))
  }

  /** The entries after a cursor, as many as have room. undefined: not even one bucket of a hash has. */
  private lookupBatch(from: Buffer | undefined, to: Buffer, room: number): MapEntries | undefined {
    const { keySize, valueBytes } = this.info
    const [keys, values] = [Buffer.alloc(room * keySize), Buffer.alloc(room * valueBytes)]
    const result = this.handle.lookupBatch(from, to, keys, values)
    if (result === -ENOSPC) return undefined
    const count = check(result, 'BPF_MAP_LOOKUP_BATCH', this.name)
    return { count, keys: keys.subarray(0, count * keySize), values: values.subarray(0, count * valueBytes) }
  }

  /**
   * The values of an array with BPF_F_MMAPABLE as shared memory, or a part of them: value i is at i
   * times its size rounded up to 8. Programs write to it at any time: use Atomics on what they
   * change. Unmapped when it is collected, whether or not this object is closed before, or by {@link unmap}.
   * @param offset in bytes, a multiple of the page size.
   * @param length in bytes; the rest unless given.
   */
  mmap(offset = 0, length = this.#mappable - offset): ArrayBuffer {
    return check(this.handle.mmap(offset, length), 'mmap', this.name)
  }

  get #mappable(): number {
    return Math.ceil(this.info.valueSize / 8) * 8 * this.info.maxEntries
  }

  /** Takes memory from {@link mmap} out of the process at once; nothing can be read through it any more. */
  unmap(memory: ArrayBuffer): void {
    check(this.handle.unmap(memory), 'munmap', this.name)
  }

  /** {@link mmap}, as tables use it. */
  view(offset?: number, length?: number): DataView {
    return new DataView(this.mmap(offset, length))
  }

  /** {@link unmap} of what view() gave. */
  unview({ buffer }: DataView): void {
    this.unmap(buffer as ArrayBuffer)
  }

  pin(path: string): void {
    check(this.handle.pin(path), 'BPF_OBJ_PIN', path)
  }

  /** Lets go of the map; the kernel frees it when programs, pins and others have, too. */
  close(): void {
    this.handle.close()
  }

  private checkSize(what: string, bytes: Uint8Array, size: number): void {
    if (bytes.length !== size) {
      throw new RangeError(`map ${this.name}: ${what} has ${bytes.length} bytes, must have ${size}`)
    }
  }
}
