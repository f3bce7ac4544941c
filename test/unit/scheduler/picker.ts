import type { Address } from '../../../src/core/address.js'
import type { RealServer } from '../../../src/core/real-server.js'
import { nextPlan, type PlanInForce } from '../../../src/director/planner.js'

/** A service of our own that picks as the sequence picker of bpf/pick.h does: a counter over the plan's table. */
export class Picker {
  readonly unresolved = new Set<Address>()
  #servers: readonly RealServer[] = []
  #inForce: PlanInForce | undefined
  #picks = 0
  #scheduler: string

  constructor(scheduler: string) {
    this.#scheduler = scheduler
    this.replan([])
  }

  get servers(): readonly RealServer[] {
    return this.#servers
  }

  /** Installs a list of servers, as a command does. */
  replan(servers: readonly RealServer[], scheduler = this.#scheduler): void {
    const service = { protocol: 'tcp', vip: '192.0.2.10', vport: 80, scheduler } as const
    const previous = this.#inForce && { ...this.#inForce, picks: this.#picks }
    const eligible = ({ rip, weight }: RealServer) => weight > 0 && !this.unresolved.has(rip)
    this.#inForce = nextPlan({ service, servers }, eligible, previous)
    this.#scheduler = scheduler
    this.#servers = servers
    this.#picks = 0
  }

  /** Addresses of the servers picked next. */
  pick(count: number): (Address | undefined)[] {
    return Array.from({ length: count }, () => this.#pickOne())
  }

  #pickOne(): Address | undefined {
    const plan = this.#inForce?.plan
    if (plan?.pick !== 'sequence') throw new Error('not a sequence')
    if (plan.length === 0) return undefined
    const position = (plan.start + this.#picks++) % plan.length
    let segment = plan.segments[0]
    for (const candidate of plan.segments) if (candidate.start <= position) segment = candidate
    if (!segment) throw new Error('a plan with a length and no segments')
    const index = segment.servers[(position - segment.start) % segment.servers.length]
    return this.#servers[index ?? -1]?.rip
  }
}

export function server(rip: Address, weight = 1): RealServer {
  return { rip, rport: 80, forwarding: 'route', weight }
}
