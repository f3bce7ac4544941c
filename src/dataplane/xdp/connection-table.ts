import { setImmediate } from 'node:timers/promises'
import type { BpfMap } from '../../bpf/index.js'
import { addressFromNumber } from '../../core/address.js'
import { type Connection, connectionStates } from '../../core/connection.js'
import type { RealServer } from '../../core/real-server.js'
import { connLayout, held, sharedConstant } from './layout.gen.js'
import { protocolOf } from './service-codec.js'

/** Slots looked at between two turns of the event loop: about a millisecond. */
const slotsPerTurn = 1 << 16

/** The connection table, read in place: no system call, and packets are not held up. */
export class ConnectionTable {
  readonly #view: DataView
  /** Slots. */
  readonly capacity: number

  /** @param nowTicks the clock that packets see, in ticks. */
  constructor(
    map: BpfMap,
    readonly nowTicks: () => number,
  ) {
    this.#view = new DataView(map.mmap())
    this.capacity = map.info.maxEntries * sharedConstant.SET_SLOTS
  }

  /**
   * Live connections, in the order of the table. Those that come and go meanwhile may be in it or not.
   * @param serverAt the real server of a slot of real_servers, removed or not.
   */
  async *connections(serverAt: (slot: number) => RealServer | undefined): AsyncIterable<Connection> {
    for (let first = 0; first < this.capacity; first += slotsPerTurn) {
      const end = Math.min(first + slotsPerTurn, this.capacity)
      for (let slot = first; slot < end; slot++) {
        const connection = this.#at(slot, serverAt)
        if (connection) yield connection
      }
      await setImmediate()
    }
  }

  /** struct conn.control: expires (bits 63..32), generation, state (15..8), held (7..0). */
  #at(slot: number, serverAt: (slot: number) => RealServer | undefined): Connection | undefined {
    const offset = slot * connLayout.size
    const low = this.#view.getUint32(offset + connLayout.offsets.control, true)
    if ((low & 0xff) === held.NOTHING || (low & 0xff) === held.CLAIMED) return undefined
    const expires = this.#view.getUint32(offset + connLayout.offsets.control + 4, true)
    const ticks = (expires - this.nowTicks()) | 0
    if (ticks <= 0) return undefined
    const conn = connLayout.decode(this.#view, offset)
    const server = serverAt(conn.owner & 0xffffff)
    const state = connectionStates[(low >>> 8) & 0xff]
    if (server === undefined || state === undefined) return undefined
    return {
      protocol: protocolOf(conn.owner >>> 24),
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
