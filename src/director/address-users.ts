import type { Address } from '../core/address.js'

/** Which services use which address of a real server, so that a change of one address concerns only its services. */
export class AddressUsers {
  readonly #users = new Map<Address, Set<string>>()

  /**
   * States all addresses that a service uses from now on, and all that it used.
   * @returns those that got their first user or lost their last.
   */
  replace(
    service: string,
    before: ReadonlySet<Address>,
    after: ReadonlySet<Address>,
  ): { gained: Address[]; lost: Address[] } {
    const gained = [...after].filter((address) => !before.has(address) && this.#add(address, service))
    const lost = [...before].filter((address) => !after.has(address) && this.#delete(address, service))
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
