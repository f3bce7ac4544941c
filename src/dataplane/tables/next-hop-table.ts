import type { Address } from '../../core/address.js'
import type { NextHop } from '../../core/next-hop.js'
import { addressFromStruct, addressToStruct } from './address-codec.js'
import {
  type HopStruct,
  hopLayout,
  type IpAddrStruct,
  ipAddrLayout,
  type NextHopStruct,
  nextHopLayout,
} from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import { IndexPool, type PacketClock } from './pools.js'
import type { TableMap } from './table-map.js'

const noAddress: IpAddrStruct = { words: [0, 0, 0, 0] }
const noHop: HopStruct = {
  ifindex: 0,
  mtu: 0,
  destinationMac: new Uint8Array(6),
  sourceMac: new Uint8Array(6),
}

interface Entry {
  readonly index: number
  /** Slots of real servers that name it. */
  users: number
  hop: NextHop
}

/** Ways to the addresses of real servers, shared by all services that use an address. */
export class NextHopTable {
  readonly #array: MappedArray<NextHopStruct>
  readonly #pool: IndexPool
  readonly #entries = new Map<Address, Entry>()

  constructor(map: TableMap, clock: PacketClock) {
    this.#array = new MappedArray(map, nextHopLayout)
    this.#pool = new IndexPool('next hops', this.#array.capacity, clock)
    const used: number[] = []
    for (let index = 0; index < this.#array.capacity; index++) {
      const struct = this.#array.get(index)
      if (struct.used === 0) continue
      used.push(index)
      this.#entries.set(addressFromStruct(struct.rip), { index, users: 0, hop: hopFromStruct(struct) })
    }
    this.#pool.adopt(used)
  }

  /** The index for a real server's slot; the entry lasts until drop(). @throws DirectorError NO_SPACE. */
  use(rip: Address): number {
    const entry = this.#entries.get(rip) ?? this.#create(rip)
    entry.users++
    return entry.index
  }

  /** @param wasSeen false: no packet has seen the slot that named it. */
  drop(rip: Address, wasSeen = true): void {
    const entry = this.#entries.get(rip)
    if (entry === undefined || --entry.users > 0) return
    this.#free(rip, entry, wasSeen)
  }

  /** In force for the next packet: each packet, and whoever reads it after a crash, finds the old way or the new one. */
  set(rip: Address, hop: NextHop): void {
    const entry = this.#entries.get(rip) ?? this.#create(rip)
    const { offsets } = nextHopLayout
    if (hop === 'local') {
      this.#array.publish(entry.index, offsets.local, 1)
    } else {
      const spare = 1 - (this.#array.get(entry.index).current & 1)
      const saddr = hop === 'unresolved' ? noAddress : addressToStruct(hop.saddr)
      this.#array.setField(entry.index, offsets.hops + spare * hopLayout.size, hopLayout, hopToStruct(hop))
      this.#array.setField(entry.index, offsets.saddrs + spare * ipAddrLayout.size, ipAddrLayout, saddr)
      this.#array.publish(entry.index, offsets.current, spare)
      // What packets learned of the path MTU was learned of the old way.
      this.#array.publish(entry.index, offsets.pathMtu, 0)
      this.#array.publish(entry.index, offsets.local, 0)
    }
    entry.hop = hop
  }

  get(rip: Address): NextHop {
    return this.#entries.get(rip)?.hop ?? 'unresolved'
  }

  hops(): ReadonlyMap<Address, NextHop> {
    return new Map([...this.#entries].map(([rip, { hop }]) => [rip, hop]))
  }

  /** Frees entries that were set and that no slot came to use. */
  collect(): void {
    for (const [rip, entry] of this.#entries) if (entry.users === 0) this.#free(rip, entry)
  }

  #create(rip: Address): Entry {
    const entry: Entry = { index: this.#pool.allocate(), users: 0, hop: 'unresolved' }
    const unresolved = { hops: [noHop, noHop], saddrs: [noAddress, noAddress], current: 0, local: 0, pathMtu: 0 }
    this.#array.set(entry.index, { ...unresolved, used: 0, rip: addressToStruct(rip) })
    // Last, since it makes the entry one.
    this.#array.publish(entry.index, nextHopLayout.offsets.used, 1)
    this.#entries.set(rip, entry)
    return entry
  }

  #free(rip: Address, { index }: Entry, wasSeen = true): void {
    this.#entries.delete(rip)
    this.#array.publish(index, nextHopLayout.offsets.used, 0)
    this.#pool.release(index, wasSeen)
  }
}

function hopToStruct(hop: Exclude<NextHop, 'local'>): HopStruct {
  if (hop === 'unresolved') return noHop
  return {
    ifindex: hop.ifindex,
    mtu: hop.mtu,
    destinationMac: Buffer.from(hop.destinationMac.replaceAll(':', ''), 'hex'),
    sourceMac: Buffer.from(hop.sourceMac.replaceAll(':', ''), 'hex'),
  }
}

function hopFromStruct({ hops, saddrs, current, local }: NextHopStruct): NextHop {
  if (local) return 'local'
  const hop = hops[current & 1] ?? noHop
  if (hop.ifindex === 0) return 'unresolved'
  return {
    ifindex: hop.ifindex,
    saddr: addressFromStruct(saddrs[current & 1] ?? noAddress),
    mtu: hop.mtu,
    destinationMac: macText(hop.destinationMac),
    sourceMac: macText(hop.sourceMac),
  }
}

function macText(mac: Uint8Array): string {
  return Buffer.from(mac)
    .toString('hex')
    .replace(/(..)(?!$)/g, '$1:')
}
