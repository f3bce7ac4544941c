import { setImmediate } from 'node:timers/promises'
import { addressFromNumber } from '../../core/address.js'
import { type Connection, connectionStates } from '../../core/connection.js'
import type { RealServer } from '../../core/real-server.js'
import { connLayout, held, sharedConstant } from './layout.gen.js'
import { findProtocol } from './service-codec.js'
import type { TableMap } from './table-map.js'

/** Slots looked at between two turns of the event loop: about a millisecond. */
const slotsPerTurn = 1 << 16

/** What says whose a slot is: addresses, ports and owner, at its beginning. */
const identityWords = connLayout.offsets.control / 4

/** The connection table. */
export class ConnectionTable {
  readonly #map: TableMap
  /** Slots. */
  readonly capacity: number

  /** @param nowTicks the clock that packets see, in ticks. */
  constructor(
    map: TableMap,
    readonly nowTicks: () => number,
  ) {
    this.#map = map
    this.capacity = map.info.maxEntries * sharedConstant.SET_SLOTS
  }

  /**
   * Live connections, in the order of the table. Those that come and go meanwhile may be in it or not. Read in place: no
   * system call for each, and packets are not held up. The table is mapped as long as this takes, since what is mapped
   * counts as memory of the process, and that can be gigabytes.
   * @param serverAt the real server of a slot of real_servers, removed or not.
   */
  async *connections(serverAt: (slot: number) => RealServer | undefined): AsyncIterable<Connection> {
    const view = this.#map.view()
    try {
      const reader = new SlotReader(view, this.nowTicks)
      for (let first = 0; first < this.capacity; first += slotsPerTurn) {
        const end = Math.min(first + slotsPerTurn, this.capacity)
        for (let slot = first; slot < end; slot++) {
          const connection = reader.read(slot, serverAt)
          if (connection) yield connection
        }
        await setImmediate()
      }
    } finally {
      this.#map.unview(view)
    }
  }
}

class SlotReader {
  readonly #view: DataView
  readonly #words: Uint32Array
  /** What the slot that is being read was to begin with. */
  readonly #identity = new Uint32Array(identityWords)

  constructor(
    view: DataView,
    readonly nowTicks: () => number,
  ) {
    this.#view = view
    this.#words = new Uint32Array(view.buffer, view.byteOffset, view.byteLength / 4)
  }

  read(slot: number, serverAt: (slot: number) => RealServer | undefined): Connection | undefined {
    const offset = slot * connLayout.size
    const kind = this.#view.getUint8(offset + connLayout.offsets.control) & sharedConstant.CONN_HELD
    if (kind === held.NOTHING || kind === held.CLAIMED) return undefined
    const first = offset / 4
    for (let i = 0; i < identityWords; i++) this.#identity[i] = Atomics.load(this.#words, first + i)
    const conn = connLayout.decode(this.#view, offset)
    const ticks = (Number(conn.control >> 32n) - this.nowTicks()) | 0
    const server = serverAt(conn.owner & 0xffffff)
    const state = connectionStates[Number(conn.control >> 8n) & 0xff]
    const protocol = findProtocol(conn.owner >>> 24)
    if (ticks <= 0 || server === undefined || state === undefined || protocol === undefined) return undefined
    // Another connection may have taken the slot meanwhile: then what was read is of both.
    for (let i = 0; i < identityWords; i++) {
      if (Atomics.load(this.#words, first + i) !== this.#identity[i]) return undefined
    }
    return {
      protocol,
      state,
      expiresInMs: ticksToMs(ticks),
      cip: addressFromNumber(conn.cip),
      cport: conn.cport,
      vip: addressFromNumber(conn.vip),
      vport: conn.vport,
      rip: server.rip,
      rport: server.rport,
    }
  }
}

const nsPerTick = 2 ** sharedConstant.TICK_SHIFT

export function ticksToMs(ticks: number): number {
  return (ticks * nsPerTick) / 1e6
}

/** Rounded up: nothing expires early. */
export function secondsToTicks(seconds: number): number {
  return Math.ceil((seconds * 1e9) / nsPerTick)
}

/** CLOCK_MONOTONIC, which is the clock of BPF programs and of process.hrtime, in ticks. */
export function monotonicTicks(): number {
  return Number(BigInt.asUintN(32, process.hrtime.bigint() >> BigInt(sharedConstant.TICK_SHIFT)))
}
