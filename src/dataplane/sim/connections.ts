/** The connection table (conn.h, conn_insert.h, choose_slot.h), where nobody else writes at the same time. */
import { connLayout, connState, held, realServerLayout, sharedConstant } from '../tables/layout.gen.js'
import { countEvicted, countExpired, moveCount } from './count.js'
import type { Packet } from './packet.js'
import type { Place } from './place.js'
import { isActive, nextState } from './states.js'
import type { Tables } from './tables.js'

const setSlots = sharedConstant.SET_SLOTS
const slotMask = setSlots - 1
const serverMask = 0xffffff
const { offsets, size } = connLayout
/** Live entries of its first set from which on a tuple goes to the emptier one. */
const preferFirstBelow = 6

/** What is in a slot that was found; its tuple is known. */
export interface Found {
  /** -1: none that is live. */
  slot: number
  server: number
  /** enum forward. */
  forward: number
  /** A slot where the tuple's connection was before it expired, or -1. */
  expired: number
}

export class Connections {
  readonly #view: DataView
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
    this.#view = tables.conns
  }

  /** Looks a tuple up. */
  find(place: Place, now: number): Found {
    const found = { slot: -1, server: 0, forward: 0, expired: -1 }
    if (!this.#findIn(place.first, place, now, found)) this.#findIn(place.second, place, now, found)
    return found
  }

  /** @returns whether it is there. */
  #findIn(set: number, place: Place, now: number, found: Found): boolean {
    for (let i = 0; i < setSlots; i++) {
      const slot = set * setSlots + ((place.home + i) & slotMask)
      if (!this.#isOf(slot, place)) continue
      if (this.#isLive(slot, now)) {
        found.slot = slot
        found.server = this.#server(slot)
        found.forward = this.#forward(slot)
        return true
      }
      found.expired = slot
    }
    return false
  }

  /** enum conn_state. */
  state(slot: number): number {
    return (this.#control(slot) >>> 8) & 0xff
  }

  /** A packet has come: moves on to the next state and arms the timer, which it may be for long enough (arm_conn()). */
  arm(slot: number, p: Packet, now: number): void {
    const control = this.#control(slot)
    const before = (control >>> 8) & 0xff
    const state = nextState(before, p)
    const due = now + this.#tables.timeout(state)
    const left = (this.#expires(slot) - due) >>> 0
    if (state === before && left <= sharedConstant.ARM_SLACK) return
    const kind = isActive(state) ? held.ACTIVE : held.INACTIVE
    moveCount(this.#tables, this.#server(slot), control & 0xff, kind)
    const expires = state === before ? due + sharedConstant.ARM_SLACK : due
    this.#setControl(slot, expires, control >>> 16, state, kind)
  }

  /** A connection has expired, a tick ago as in find_live(). It is counted until its slot is taken or swept. */
  end(slot: number, now: number): void {
    this.#view.setUint32(slot * size + offsets.control + 4, now - 1, true)
  }

  /** Takes what a connection holds off the counts; it is no more. */
  #release(slot: number): void {
    const control = this.#control(slot)
    moveCount(this.#tables, this.#server(slot), control & 0xff, held.NOTHING)
    this.#view.setUint8(slot * size + offsets.control, held.NOTHING)
  }

  /** Releases what is in a slot if it has expired. */
  expire(slot: number, now: number): void {
    if (this.#view.getUint8(slot * size + offsets.control) === held.NOTHING || this.#isLive(slot, now)) return
    this.#release(slot)
    countExpired(this.#tables)
  }

  /** The slot that a new connection goes to, the one that loses least; undefined when all are taken by better ones. */
  choose(place: Place, expired: number, now: number): { readonly slot: number; readonly evicts: boolean } | undefined {
    if (expired >= 0) return { slot: expired, evicts: false }
    const live = [place.first, place.second].map((set) => this.#slots(set, (slot) => this.#isLive(slot, now)))
    const [first = 0, second = 0] = live
    const goesSecond = ones(first) >= preferFirstBelow && ones(second) < ones(first)
    const free = ~(goesSecond ? second : first) & 0xff
    if (free) return { slot: firstSlot(goesSecond ? place.second : place.first, free, place.home), evicts: false }
    for (const set of [place.first, place.second]) {
      const halfOpen = this.#slots(set, (slot) => this.state(slot) === connState.SYN_RECV)
      if (halfOpen) return { slot: firstSlot(set, halfOpen, place.home), evicts: true }
    }
    return undefined
  }

  /** Takes a slot over from whatever is in it, for a new connection. Returns its enum forward. */
  fill(slot: number, evicts: boolean, place: Place, server: number, p: Packet, now: number): number {
    const before = this.#control(slot)
    this.#release(slot)
    if (evicts) countEvicted(this.#tables)
    else if ((before & 0xff) !== held.NOTHING) countExpired(this.#tables)
    const at = slot * size
    const forward = this.#tables.realServers.getUint8(server * realServerLayout.size + realServerLayout.offsets.forward)
    this.#view.setUint32(at + offsets.cip, place.cip, true)
    this.#view.setUint32(at + offsets.vip, place.vip, true)
    this.#view.setUint32(at + offsets.cport, place.ports, true)
    this.#view.setUint32(at + offsets.owner, place.protocol + server, true)
    this.#view.setUint8(at + offsets.forward, forward)
    const state = nextState(connState.NONE, p)
    const kind = isActive(state) ? held.ACTIVE : held.INACTIVE
    moveCount(this.#tables, server, held.NOTHING, kind)
    this.#setControl(slot, now + this.#tables.timeout(state), (before >>> 16) + 1, state, kind)
    return forward
  }

  /** A bit for each slot of a set. */
  #slots(set: number, holds: (slot: number) => boolean): number {
    let bits = 0
    for (let i = 0; i < setSlots; i++) if (holds(set * setSlots + i)) bits |= 1 << i
    return bits
  }

  #isOf(slot: number, place: Place): boolean {
    const at = slot * size
    return (
      this.#view.getUint32(at + offsets.cip, true) === place.cip &&
      this.#view.getUint32(at + offsets.vip, true) === place.vip &&
      this.#view.getUint32(at + offsets.cport, true) === place.ports &&
      (this.#view.getUint32(at + offsets.owner, true) & ~serverMask) >>> 0 === place.protocol
    )
  }

  #isLive(slot: number, now: number): boolean {
    return (this.#control(slot) & 0xff) !== held.NOTHING && ((now - this.#expires(slot)) | 0) < 0
  }

  /** Tick. */
  #expires(slot: number): number {
    return this.#view.getUint32(slot * size + offsets.control + 4, true)
  }

  #server(slot: number): number {
    return this.#view.getUint32(slot * size + offsets.owner, true) & serverMask
  }

  #forward(slot: number): number {
    return this.#view.getUint8(slot * size + offsets.forward)
  }

  /** Generation (bits 31..16), state (15..8) and held (7..0) of conn.control. */
  #control(slot: number): number {
    return this.#view.getUint32(slot * size + offsets.control, true)
  }

  #setControl(slot: number, expires: number, generation: number, state: number, kind: number): void {
    const at = slot * size + offsets.control
    this.#view.setUint32(at, (generation << 16) | (state << 8) | kind, true)
    this.#view.setUint32(at + 4, expires, true)
  }
}

function ones(bits: number): number {
  let count = 0
  for (let rest = bits; rest; rest &= rest - 1) count++
  return count
}

/** The slot among those in `bits` that comes first from `from` on, going round. */
function firstSlot(set: number, bits: number, from: number): number {
  let i = from
  while (!(bits & (1 << (i & slotMask)))) i++
  return set * setSlots + (i & slotMask)
}
