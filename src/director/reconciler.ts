import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../core/address.js'
import type { Timeouts } from '../core/connection.js'
import type { Logger } from '../core/logger.js'
import type { NextHop, NextHopSource } from '../core/next-hop.js'
import type { RealServer } from '../core/real-server.js'
import type { Traffic } from '../core/traffic.js'
import { type ServiceKey, serviceKeyText } from '../core/virtual-service.js'
import type { Dataplane } from '../dataplane/dataplane.js'
import { AddressUsers } from './address-users.js'
import type { Arrivals } from './arrivals.js'
import type { DesiredService } from './desired.js'
import { nextPlan, type PlanInForce, picksAlike, planFound } from './planner.js'
import { StalePlan } from './stale-plan.js'

interface Installed extends DesiredService {
  readonly inForce: PlanInForce
}

/** Makes the data plane what the operator wants and what the network allows. The only caller of its writes. */
export class Reconciler {
  readonly #dataplane: Dataplane
  readonly #nextHops: NextHopSource
  readonly #log: Logger
  readonly #installed = new Map<string, Installed>()
  readonly #users = new AddressUsers()
  /** The ways as the data plane has them; one that it was never told is absent. */
  readonly #hops = new Map<Address, NextHop>()
  /** Addresses whose way is to be applied at the next {@link upkeep}. */
  readonly #pending = new Set<Address>()

  constructor(
    dataplane: Dataplane,
    nextHops: NextHopSource,
    log: Logger,
    private readonly arrivals: Arrivals,
  ) {
    this.#dataplane = dataplane
    this.#nextHops = nextHops
    this.#log = log
  }

  /**
   * Adopts what the data plane holds. A plan in force is replaced only if it picks otherwise than it should.
   * A way in force stays until the next {@link upkeep} if its address is not resolved yet: connections that the kernel
   * went on forwarding while nobody watched are not cut while its neighbour is asked.
   */
  async start(): Promise<DesiredService[]> {
    for (const { plan, ...desired } of this.#dataplane.services()) {
      const text = serviceKeyText(desired.service)
      this.#installed.set(text, { ...desired, inForce: planFound(desired, plan) })
      this.#users.replace(text, addressesOf(), addressesOf(desired))
    }
    for (const [rip, hop] of this.#dataplane.nextHops()) if (this.#users.has(rip)) this.#hops.set(rip, hop)
    this.#nextHops.onChange((rips) => this.#refresh(rips))
    this.#nextHops.onOwnMacs((macs) => this.#dataplane.setOwnMacs(macs))
    for (const rip of this.#users.addresses()) this.#nextHops.watch(rip)
    await this.#nextHops.settled()
    const found: Address[] = []
    for (const rip of this.#users.addresses()) {
      if (this.#wayTo(rip) === 'unresolved') this.#pending.add(rip)
      else found.push(rip)
    }
    this.#refresh(found)
    for (const installed of this.#installed.values()) if (!this.#isCurrent(installed)) this.#write(installed)
    this.#dataplane.collect()
    return [...this.#installed.values()].map(({ service, servers }) => ({ service, servers }))
  }

  /** The way to an address as the data plane can take it. */
  #wayTo(rip: Address): NextHop {
    const hop = this.#nextHops.get(rip)
    return hop === 'local' && !this.#dataplane.supports.deliversLocally ? 'unresolved' : hop
  }

  /** Installs a service or replaces it: wholly, or not at all if it throws. */
  install(desired: DesiredService): void {
    const text = serviceKeyText(desired.service)
    const before = this.#installed.get(text)
    const [used, uses] = [addressesOf(before), addressesOf(desired)]
    const { gained, lost } = this.#users.replace(text, used, uses)
    try {
      for (const rip of gained) {
        this.#nextHops.watch(rip)
        this.#setHop(rip, this.#wayTo(rip))
        if (this.hop(rip) === 'unresolved') this.arrivals.add(rip)
      }
      this.#write(desired)
    } catch (error) {
      for (const rip of this.#users.replace(text, uses, used).lost) this.#forget(rip)
      throw error
    }
    for (const rip of lost) this.#forget(rip)
  }

  /** Absent is no error. */
  remove(key: ServiceKey): void {
    const text = serviceKeyText(key)
    this.#dataplane.removeService(key)
    const used = addressesOf(this.#installed.get(text))
    this.#installed.delete(text)
    for (const rip of this.#users.replace(text, used, addressesOf()).lost) this.#forget(rip)
  }

  /** Removes all services, or none if it throws. */
  removeAll(): void {
    const removed: DesiredService[] = []
    try {
      for (const installed of [...this.#installed.values()]) {
        this.remove(installed.service)
        removed.push(installed)
      }
    } catch (error) {
      for (const desired of removed) this.install(desired)
      throw error
    }
  }

  /** To be called every few seconds: applies what could not be applied, and has the data plane collect. */
  upkeep(): void {
    this.#refresh([...this.#pending])
    this.#dataplane.collect()
  }

  zero(key?: ServiceKey): void {
    this.#dataplane.zero(key)
  }

  setDeparted(traffic: Traffic): void {
    this.#dataplane.setDeparted(traffic)
  }

  setServiceShare(percent: number): void {
    this.#dataplane.setServiceShare(percent)
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#dataplane.setTimeouts(timeouts)
  }

  /** The way to an address that is in force. */
  hop(rip: Address): NextHop {
    return this.#hops.get(rip) ?? 'unresolved'
  }

  /** Whether a server of any service has an address. */
  isUsed(rip: Address): boolean {
    return this.#users.has(rip)
  }

  /** Addresses of real servers to which no way is known. */
  unresolved(): Address[] {
    return [...this.#users.addresses()].filter((rip) => this.hop(rip) === 'unresolved')
  }

  #write(desired: DesiredService): void {
    const { service, servers } = desired
    const text = serviceKeyText(service)
    const before = this.#installed.get(text)?.inForce
    const inForce = nextPlan(desired, this.#eligible, before && { ...before, picks: this.#dataplane.picks(service) })
    this.#dataplane.setService({ service, servers, plan: inForce.plan })
    this.#installed.set(text, { service, servers, inForce })
  }

  /**
   * Puts the ways to addresses in force, then has services pick their servers, or no longer pick them: each service once, but
   * step by step where its scheduler cares. Nobody waits for it: what fails is tried again.
   */
  #refresh(rips: readonly Address[]): void {
    const stale = new Map<string, StalePlan>()
    for (const rip of rips) {
      this.#pending.delete(rip)
      const [from, to] = [this.hop(rip), this.#wayTo(rip)]
      if (!this.#users.has(rip) || isDeepStrictEqual(from, to)) continue
      const isFound = to !== 'unresolved'
      const users = from === 'unresolved' || !isFound ? [...this.#users.of(rip)] : []
      for (const text of users) {
        if (stale.get(text)?.isStep(rip, isFound)) this.#replan(text, stale)
        const installed = this.#installed.get(text)
        if (installed && !stale.has(text)) stale.set(text, new StalePlan(installed, this.#eligible))
      }
      try {
        this.#setHop(rip, to)
      } catch (err) {
        this.#retry(rip, from, err)
        continue
      }
      for (const text of users) stale.get(text)?.note(rip, from, isFound)
      this.#log.info({ rip, from, to }, 'next hop changed')
    }
    for (const text of [...stale.keys()]) this.#replan(text, stale)
  }

  #setHop(rip: Address, hop: NextHop): void {
    this.#dataplane.setNextHop(rip, hop)
    if (hop !== this.#nextHops.get(rip)) {
      this.#log.warn({ rip }, 'real server is this machine itself, to which this data plane cannot deliver')
    }
    this.#hops.set(rip, hop)
    if (hop !== 'unresolved') this.arrivals.delete(rip)
  }

  /** Plans a service anew. */
  #replan(text: string, stale: Map<string, StalePlan>): void {
    const installed = this.#installed.get(text)
    const changed = stale.get(text)?.changed ?? []
    stale.delete(text)
    try {
      if (installed && !this.#isCurrent(installed)) this.#write(installed)
    } catch (err) {
      for (const [rip, from] of changed) this.#retry(rip, from, err)
    }
  }

  /** Has the way to an address applied again at the next {@link upkeep}. */
  #retry(rip: Address, from: NextHop, err: unknown): void {
    this.#hops.set(rip, from)
    this.#pending.add(rip)
    this.#log.warn({ err, rip }, 'next hop could not be applied and will be retried')
  }

  #forget(rip: Address): void {
    this.#nextHops.unwatch(rip)
    this.#hops.delete(rip)
    this.#pending.delete(rip)
    this.arrivals.delete(rip)
  }

  readonly #eligible = ({ rip, weight }: RealServer): boolean => weight > 0 && this.hop(rip) !== 'unresolved'

  #isCurrent({ service, servers, inForce }: Installed): boolean {
    return picksAlike(inForce.plan, nextPlan({ service, servers }, this.#eligible).plan)
  }
}

function addressesOf(service?: DesiredService): ReadonlySet<Address> {
  return new Set(service?.servers.map(({ rip }) => rip))
}
