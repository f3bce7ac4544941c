import type { Address } from './address.js'

/** A way to an address: what to write into frames and where to send them. */
export interface Hop {
  readonly ifindex: number
  /** `02:00:00:00:00:01`. */
  readonly sourceMac: string
  readonly destinationMac: string
  /** Source of outer headers, as routing chooses it. */
  readonly saddr: Address
  /** Largest IP packet, in bytes. */
  readonly mtu: number
}

/** A way to a real server: a hop, the director itself, or none known (yet). */
export type NextHop = Hop | 'local' | 'unresolved'

/**
 * Finds the ways to addresses from the kernel's routes and neighbours and keeps them current.
 * Addresses are watched; what is not watched costs nothing.
 */
export interface NextHopSource {
  /**
   * Starts to look for the way to an address, and provokes neighbour resolution while none is known. Idempotent. The way to one that
   * was watched before may be known at once.
   */
  watch(rip: Address): void
  /** Gives an address up: it is not reported any more. Absent is no error. */
  unwatch(rip: Address): void
  /** The way as last seen; 'unresolved' for an address not watched. */
  get(rip: Address): NextHop
  /** Calls back with the watched addresses whose ways have changed, those found together in one call; one listener. */
  onChange(listener: (rips: readonly Address[]) => void): void
  /**
   * Calls back with the hardware addresses that frames for this machine have on the director's interfaces: when they are
   * first read and whenever they change; one listener.
   */
  onOwnMacs(listener: (macs: readonly string[]) => void): void
  /** Resolves when every address watched so far has been looked up once. */
  settled(): Promise<void>
  close(): Promise<void>
}
