import type { Address } from '../core/address.js'
import type { NextHop } from '../core/next-hop.js'
import type { RealServer } from '../core/real-server.js'
import { schedulerNamed } from '../scheduler/index.js'
import type { DesiredService } from './desired.js'

/** A service whose plan is behind: the ways to addresses that were found or lost since it was planned. */
export class StalePlan {
  /** Each address, with its way before. */
  readonly changed: (readonly [rip: Address, from: NextHop])[] = []
  /** Servers in the plan by weight, if the scheduler cares about steps. */
  readonly #planned = new Map<number, number>()
  readonly #weightsOf = new Map<Address, number[]>()

  /** @param eligible whether a server may be picked by the plan in force. */
  constructor({ service, servers }: DesiredService, eligible: (server: RealServer) => boolean) {
    if (!schedulerNamed(service.scheduler).isStepwise) return
    for (const server of servers) {
      const { rip, weight } = server
      const weights = this.#weightsOf.get(rip)
      if (weights) weights.push(weight)
      else this.#weightsOf.set(rip, [weight])
      if (eligible(server)) this.#count(weight, 1)
    }
  }

  /**
   * Whether a plan is to be made before this change: if it brings a weight that no server in the plan has, or takes the
   * last one away. Other changes may be planned together, since they leave wrr's level where it is.
   */
  isStep(rip: Address, isFound: boolean): boolean {
    if (this.changed.length === 0) return false
    const weights = this.#weightsOf.get(rip) ?? []
    return weights.some((weight) => {
      const others =
        (this.#planned.get(weight) ?? 0) - (isFound ? 0 : weights.filter((other) => other === weight).length)
      return weight > 0 && others === 0
    })
  }

  /** States that a way was found or lost. */
  note(rip: Address, from: NextHop, isFound: boolean): void {
    this.changed.push([rip, from])
    for (const weight of this.#weightsOf.get(rip) ?? []) this.#count(weight, isFound ? 1 : -1)
  }

  #count(weight: number, by: number): void {
    this.#planned.set(weight, (this.#planned.get(weight) ?? 0) + by)
  }
}
