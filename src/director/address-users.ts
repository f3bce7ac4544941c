import type { Address } from '../core/address.js'

/** Which services use which address of a real server, so that a change of one address concerns only its services. */
export class AddressUsers {
  readonly #users = new Map<Address, Set<string>>()
  readonly #used = new Map<string, ReadonlySet<Address>>()

  /** States all addresses that a service uses from now on. @returns those that got their first user or lost their last. */
  replace(service: string, addresses: ReadonlySet<Address>): { gained: Address[]; lost: Address[] } {
    const before = this.#used.get(service) ?? new Set()
    const gained = [...addresses].filter((address) => !before.has(address) && this.#add(address, service))
    const lost = [...before].filter((address) => !addresses.has(address) && this.#delete(address, service))
    if (addresses.size > 0) this.#used.set(service, addresses)
    else this.#used.delete(service)
    return { gained, lost }
  }

  addresses(): Iterable<Address> {
    return this.#users.keys()
  }

  has(address: Address): boolean {
    return this.#users.has(address)
  }

  of(address: Address): ReadonlySet<string> {
    return this.#users.get(address) ?? new Set()
  }

  #add(address: Address, service: string): boolean {
    const users = this.#users.get(address)
    if (users) users.add(service)
    else this.#users.set(address, new Set([service]))
    return users === undefined
  }

  #delete(address: Address, service: string): boolean {
    const users = this.#users.get(address)
    users?.delete(service)
    return users?.size === 0 && this.#users.delete(address)
  }
}
