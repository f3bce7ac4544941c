import type { Address } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import type { Logger } from '../core/logger.js'
import type { Ip } from './ip.js'
import { type Link, readLinks } from './links.js'
import { Monitor, type NetworkEvent } from './monitor.js'
import { applyActions, type Neighbour, type NeighbourAction, readNeighbours } from './neighbours.js'
import { type Route, readRoutes } from './routes.js'

/** What next hops are made of. Everything may reject with a DirectorError. */
export interface Network {
  links(): Promise<readonly Link[]>
  /** Addresses that cannot be reached are absent. */
  routes(addresses: readonly Address[]): Promise<ReadonlyMap<Address, Route>>
  /** By neighbourKeyText. */
  neighbours(): Promise<ReadonlyMap<string, Neighbour>>
  /** Resolves with what was refused, empty if nothing was. */
  apply(actions: readonly NeighbourAction[]): Promise<string>
  /** Calls back for changes until it is closed. */
  follow(listener: (event: NetworkEvent) => void): { close(): Promise<void> }
}

/** The network namespace that `ip` runs in. */
export function kernelNetwork(ip: Ip, clock: Clock, logger: Logger): Network {
  return {
    links: () => readLinks(ip),
    routes: (addresses) => readRoutes(ip, addresses),
    neighbours: () => readNeighbours(ip),
    apply: (actions) => applyActions(ip, actions),
    follow: (listener) => new Monitor(ip, clock, logger, listener),
  }
}
