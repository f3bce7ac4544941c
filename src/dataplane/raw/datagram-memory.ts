import { sharedConstant } from '../tables/layout.gen.js'
import type { DirectorModule } from '../wasm/module.js'
import { longestDatagram, receivedAtOnce } from './socket-options.js'

/** A cache line more than a power of two, or the beginnings of all datagrams would compete for the same lines of the cache. */
const slotBytes = longestDatagram + 1 + sharedConstant.BATCH_HEADROOM

/** Memory for packets that a module has to have for {@link DatagramMemory}, in bytes. */
export const datagramBytes = 2 * receivedAtOnce * slotBytes

/**
 * Datagrams in the memory of the module that decides them: sockets read them into it and send them from it. Each has a slot,
 * with free bytes before it; and there are as many slots for what is sent from elsewhere.
 */
export class DatagramMemory {
  readonly bytes: Buffer
  /** Those of the batch: where each begins, and its length. */
  readonly offsets: Uint32Array
  readonly lengths: Uint32Array
  readonly #at: number

  constructor({ memory, batch, packetsAt }: DirectorModule) {
    this.bytes = memory
    this.offsets = batch.offsets
    this.lengths = batch.lengths
    this.#at = packetsAt
  }

  /** Says where datagrams are to be received: each in its slot. */
  prepare(): void {
    for (let slot = 0; slot < receivedAtOnce; slot++) this.offsets[slot] = this.#slot(slot)
  }

  /** Copies bytes into a slot that none is received into. @returns where they are. */
  put(bytes: Buffer, slot: number): number {
    const at = this.#slot(receivedAtOnce + slot)
    bytes.copy(this.bytes, at)
    return at
  }

  #slot(slot: number): number {
    return this.#at + slot * slotBytes + sharedConstant.BATCH_HEADROOM
  }
}
