import { hopLayout, nextHopLayout, realServerLayout } from '../tables/layout.gen.js'
import type { Tables } from './tables.js'

/** Units of 16 ticks, about a second, in 16 bits (path_mtu.h). */
const pathMtuUnit = 4
/** Ten minutes (ip_rt_mtu_expires) in units. */
const pathMtuLifetime = 559
/** Nothing below is believed (ip_rt_min_pmtu). */
const pathMtuMin = 552
const noPathMtu = 0xffffffff

/** The way to a real server: struct next_hop, the hop in force. Read in place. */
export class Way {
  readonly #at: number
  readonly #hop: number

  constructor(
    readonly tables: Tables,
    server: number,
  ) {
    const { nextHop } = realServerLayout.offsets
    this.#at = tables.realServers.getUint32(server * realServerLayout.size + nextHop, true) * nextHopLayout.size
    this.#hop = this.#at + nextHopLayout.offsets.hops + (this.#field('current') & 1) * hopLayout.size
  }

  /** The director is the real server itself. */
  get isLocal(): boolean {
    return this.#field('local') !== 0
  }

  /** Interface; 0: no way known. */
  get ifindex(): number {
    return this.#hopField('ifindex')
  }

  /** Of links of the director's. */
  get mtu(): number {
    return this.#hopField('mtu')
  }

  /** Source of tunnels, in wire order read as little-endian, as `rip`. */
  get saddr(): number {
    return this.#hopField('saddr')
  }

  get rip(): number {
    return this.#field('rip')
  }

  /** Destination, then source: as they begin a frame. */
  get macs(): Uint8Array {
    const { buffer, byteOffset } = this.tables.nextHops
    return new Uint8Array(buffer, byteOffset + this.#hop + hopLayout.offsets.destinationMac, 12)
  }

  /** The largest packet known to reach the address, in bytes (known_path_mtu()). */
  pathMtu(now: number): number {
    const word = this.#field('pathMtu')
    const left = ((word >>> 16) - (now >>> pathMtuUnit)) & 0xffff
    return word === 0 || left === 0 || left > pathMtuLifetime ? noPathMtu : word & 0xffff
  }

  /** A router says that packets may have so many bytes; it only goes down. Returns what is known now. */
  learnPathMtu(told: number, now: number): number {
    const known = this.pathMtu(now)
    const mtu = Math.max(told, pathMtuMin)
    if (mtu >= known) return known
    const until = ((now >>> pathMtuUnit) + pathMtuLifetime) & 0xffff
    this.tables.nextHops.setUint32(this.#at + nextHopLayout.offsets.pathMtu, (until << 16) | (mtu & 0xffff), true)
    return mtu
  }

  #field(name: 'current' | 'rip' | 'local' | 'pathMtu'): number {
    return this.tables.nextHops.getUint32(this.#at + nextHopLayout.offsets[name], true)
  }

  #hopField(name: 'ifindex' | 'saddr' | 'mtu'): number {
    return this.tables.nextHops.getUint32(this.#hop + hopLayout.offsets[name], true)
  }
}
