import type { Address } from '../../core/address.js'
import { addressFromStruct, addressToStruct } from './address-codec.js'
import { ipAddrLayout } from './layout.gen.js'
import { fromBytes, toBytes } from './layout-fields.js'
import type { TableMap } from './table-map.js'

/**
 * Addresses that have at least one service: fragments for them are dropped. An address is added
 * after its service and dropped before it, so that a crash between the two drops too little, which
 * the kernel's own stack then sees, and not what is meant for others. The next start mends it.
 */
export class VipTable {
  readonly #map: TableMap
  readonly #users = new Map<Address, number>()

  /** @param vips of the services that are there, one for each service. */
  constructor(map: TableMap, vips: Iterable<Address>) {
    this.#map = map
    for (const vip of vips) this.#users.set(vip, this.#usersOf(vip) + 1)
    const { count, keys, values } = map.lookupAll()
    const found = new Map<Address, number>()
    for (let i = 0; i < count; i++) {
      found.set(addressFromStruct(fromBytes(ipAddrLayout, keys, i)), values.readUInt32LE(4 * i))
    }
    for (const vip of new Set([...found.keys(), ...this.#users.keys()])) {
      if (found.get(vip) !== this.#users.get(vip)) this.#write(vip, this.#usersOf(vip))
    }
  }

  /** For one more service. @throws BpfError. */
  add(vip: Address): void {
    this.#change(vip, 1)
  }

  /** For one service less. */
  drop(vip: Address): void {
    this.#change(vip, -1)
  }

  #usersOf(vip: Address): number {
    return this.#users.get(vip) ?? 0
  }

  #change(vip: Address, by: number): void {
    const users = this.#usersOf(vip) + by
    this.#write(vip, users)
    if (users > 0) this.#users.set(vip, users)
    else this.#users.delete(vip)
  }

  #write(vip: Address, users: number): void {
    const key = toBytes(ipAddrLayout, addressToStruct(vip))
    const value = Buffer.alloc(4)
    value.writeUInt32LE(users)
    if (users > 0) this.#map.update(key, value)
    else this.#map.delete(key)
  }
}
