import type { Address } from '../core/address.js'
import type { Ip } from './ip.js'

/** What the kernel would do with a packet to an address. */
export interface Route {
  readonly destination: Address
  /** `local`: this machine's own address. Of the other types only `unicast` leads anywhere. */
  readonly type: string
  /** Name of the interface. */
  readonly dev: string
  /** Router on the way; absent when the destination is on the link, and when the router has no IPv4 address. */
  readonly gateway?: Address
  /** The router has another family's address only (RFC 5549). */
  readonly foreignGateway: boolean
  /** Source address that the kernel would choose. */
  readonly source?: Address
  /** MTU of the route or the path, in bytes, where one is set or was learned. */
  readonly mtu?: number
}

interface RouteRow {
  dst: string
  type?: string
  dev?: string
  gateway?: string
  via?: object
  prefsrc?: string
  metrics?: { mtu?: number }[]
}

/** Asks the kernel for the route to each address, in one process. Addresses that cannot be reached are absent. */
export async function readRoutes(ip: Ip, addresses: readonly Address[]): Promise<Map<Address, Route>> {
  const rows = await ip.queryAll<RouteRow>(addresses.map((address) => `route get ${address}`))
  return new Map(rows.map((row) => [row.dst, fromRow(row)]))
}

function fromRow({ dst, type = 'unicast', dev = '', gateway, via, prefsrc, metrics = [] }: RouteRow): Route {
  const mtu = metrics.find((metric) => metric.mtu !== undefined)?.mtu
  return {
    destination: dst,
    type,
    dev,
    foreignGateway: via !== undefined,
    ...(gateway !== undefined && { gateway }),
    ...(prefsrc !== undefined && { source: prefsrc }),
    ...(mtu !== undefined && { mtu }),
  }
}
