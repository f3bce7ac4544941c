import type { Address } from '../../src/core/address.js'
import type { Hop, NextHop, NextHopSource } from '../../src/core/next-hop.js'
import { defaultAddresses } from './packet.js'

/** A network in memory: tests say how addresses are reached. */
export class FakeNextHops implements NextHopSource {
  readonly watched = new Set<Address>()
  readonly ownMacs: readonly string[] = [defaultAddresses.directorMac]
  readonly #hops = new Map<Address, NextHop>()
  #listener: (rips: readonly Address[]) => void = () => {}

  /** From now on an address is reached like this; who watches it hears of it. */
  set(rip: Address, hop: NextHop): void {
    this.setAll([[rip, hop]])
  }

  /** The same for several, which are heard of together. */
  setAll(hops: readonly (readonly [Address, NextHop])[]): void {
    for (const [rip, hop] of hops) this.#hops.set(rip, hop)
    const heard = hops.flatMap(([rip]) => (this.watched.has(rip) ? [rip] : []))
    if (heard.length > 0) this.#listener(heard)
  }

  watch(rip: Address): void {
    this.watched.add(rip)
  }

  unwatch(rip: Address): void {
    this.watched.delete(rip)
  }

  get(rip: Address): NextHop {
    return (this.watched.has(rip) && this.#hops.get(rip)) || 'unresolved'
  }

  onChange(listener: (rips: readonly Address[]) => void): void {
    this.#listener = listener
  }

  onOwnMacs(listener: (macs: readonly string[]) => void): void {
    listener(this.ownMacs)
  }

  async settled(): Promise<void> {}

  async close(): Promise<void> {
    this.watched.clear()
  }
}

/** A way by a MAC address of its own: 02:00:00:00:00:NN. */
export function hopTo(n: number): Hop {
  return {
    ifindex: 2,
    sourceMac: '02:00:00:00:00:fe',
    destinationMac: `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`,
    saddr: '10.0.0.1',
    mtu: 1500,
  }
}
