import type { Address } from '../core/address.js'
import type { Hop, NextHop } from '../core/next-hop.js'
import type { Link } from './links.js'
import type { NeighbourKey } from './neighbours.js'
import type { Route } from './routes.js'

/** How far an address gets without its neighbour: to the director itself, to a neighbour, or nowhere, and why. */
export type Way =
  | { readonly type: 'local' }
  | { readonly type: 'neighbour'; readonly key: NeighbourKey; readonly hop: Omit<Hop, 'destinationMac'> }
  | { readonly type: 'none'; readonly reason: string }

/** Reads a route. Pure. */
export function wayOf(rip: Address, route: Route | undefined, links: ReadonlyMap<string, Link>): Way {
  if (!route) return none('no route')
  if (route.type === 'local') return { type: 'local' }
  if (route.type !== 'unicast') return none(`its route is of type ${route.type}`)
  if (route.foreignGateway) return none('its gateway has no IPv4 address')
  const link = links.get(route.dev)
  if (!link) return none(`interface ${route.dev} has just gone`)
  if (link.mac === undefined) return none(`interface ${route.dev} has no MAC address (a tunnel or point-to-point link)`)
  if (route.source === undefined) return none(`interface ${route.dev} has no address to send from`)
  return {
    type: 'neighbour',
    key: { dev: route.dev, address: route.gateway ?? rip },
    hop: {
      ifindex: link.ifindex,
      sourceMac: link.mac,
      saddr: route.source,
      mtu: Math.min(route.mtu ?? link.mtu, link.mtu),
    },
  }
}

function none(reason: string): Way {
  return { type: 'none', reason }
}

/** A way with its neighbour's MAC address, if that is known. */
export function nextHopOf(way: Way, mac: string | undefined): NextHop {
  if (way.type === 'local') return 'local'
  return way.type === 'neighbour' && mac !== undefined ? { ...way.hop, destinationMac: mac } : 'unresolved'
}

/** Whether two ways send the same frames the same way. */
export function sameNextHop(a: NextHop, b: NextHop): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return (Object.keys(a) as (keyof Hop)[]).every((field) => a[field] === b[field])
}
