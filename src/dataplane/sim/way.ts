import { hopLayout, nextHopLayout, serverLaneLayout } from '../tables/layout.gen.js'
import type { Tables } from './tables.js'

/** Units of 16 ticks, about a second, in 16 bits (path_mtu.h). */
const pathMtuUnit = 4
/** Ten minutes (ip_rt_mtu_expires) in units. */
const pathMtuLifetime = 559
/** Nothing below is believed (ip_rt_min_pmtu). */
const pathMtuMin = 552
const noPathMtu = 0xffffffff

const { offsets } = nextHopLayout
const hop = hopLayout.offsets

/** The way to a real server: struct next_hop, the hop in force. Read in place; one object is used for one packet after the other. */
export class Way {
  readonly #nextHops: DataView
  #at = 0
  #hop = 0

  constructor(private readonly tables: Tables) {
    this.#nextHops = tables.nextHops
  }

  /** Turns to the way of a real server's slot. */
  of(server: number): this {
    const field = server * serverLaneLayout.size + serverLaneLayout.offsets.nextHop
    this.#at = this.tables.serverLanes.getUint32(field, true) * nextHopLayout.size
    this.#hop = this.#at + offsets.hops + (this.#word(offsets.current) & 1) * hopLayout.size
    return this
  }

  /** The director is the real server itself. */
  get isLocal(): boolean {
    return this.#word(offsets.local) !== 0
  }

  /** Interface; 0: no way known. */
  get ifindex(): number {
    return this.#hopWord(hop.ifindex)
  }

  /** Of links of the director's. */
  get mtu(): number {
    return this.#hopWord(hop.mtu)
  }

  /** Source of tunnels, in wire order read as little-endian, as `rip`. */
  get saddr(): number {
    return this.#hopWord(hop.saddr)
  }

  get rip(): number {
    return this.#word(offsets.rip)
  }

  /** The same, in host order. */
  get address(): number {
    return this.#nextHops.getUint32(this.#at + offsets.rip)
  }

  /** Destination, then source: as they begin a frame. */
  get macs(): Uint8Array {
    const { buffer, byteOffset } = this.#nextHops
    return new Uint8Array(buffer, byteOffset + this.#hop + hop.destinationMac, 12)
  }

  /** The largest packet known to reach the address, in bytes (known_path_mtu()). */
  pathMtu(now: number): number {
    const word = this.#word(offsets.pathMtu)
    const left = ((word >>> 16) - (now >>> pathMtuUnit)) & 0xffff
    return word === 0 || left === 0 || left > pathMtuLifetime ? noPathMtu : word & 0xffff
  }

  /** A router says that packets may have so many bytes; it only goes down. Returns what is known now. */
  learnPathMtu(told: number, now: number): number {
    const known = this.pathMtu(now)
    const mtu = Math.max(told, pathMtuMin)
    if (mtu >= known) return known
    const until = ((now >>> pathMtuUnit) + pathMtuLifetime) & 0xffff
    this.#nextHops.setUint32(this.#at + offsets.pathMtu, (until << 16) | (mtu & 0xffff), true)
    return mtu
  }

  #word(offset: number): number {
    return this.#nextHops.getUint32(this.#at + offset, true)
  }

  #hopWord(offset: number): number {
    return this.#nextHops.getUint32(this.#hop + offset, true)
  }
}
