import type { ServerView, ServiceView } from '../api/protocol.js'
import type { Address } from '../core/address.js'
import type { NextHop } from '../core/next-hop.js'
import type { RealServer } from '../core/real-server.js'
import { noTraffic } from '../core/traffic.js'
import type { ServerCounters, ServiceCounters } from '../dataplane/dataplane.js'
import type { DesiredService } from './desired.js'
import type { Estimator } from './estimator.js'

/** Joins what is wanted of a service, how its servers are reached, and what has passed through it. */
export function serviceView(
  { service, servers }: DesiredService,
  counters: ServiceCounters,
  hopTo: (rip: Address) => NextHop,
  estimator: Estimator,
): ServiceView {
  const rates = estimator.rates(service)
  return {
    ...service,
    traffic: counters.traffic,
    rates: rates.own,
    servers: servers.map((server, index) => serverView(server, counters.servers[index], hopTo(server.rip), rates)),
  }
}

/** Its members are spelled out: spreading `server` takes longer than all else in a listing of some thousand servers. */
function serverView(
  server: RealServer,
  counters: ServerCounters | undefined,
  hop: NextHop,
  rates: ReturnType<Estimator['rates']>,
): ServerView {
  return {
    rip: server.rip,
    rport: server.rport,
    forwarding: server.forwarding,
    weight: server.weight,
    reached: hop === 'local' ? 'local' : server.forwarding,
    resolved: hop !== 'unresolved',
    active: counters?.active ?? 0,
    inactive: counters?.inactive ?? 0,
    traffic: counters?.traffic ?? noTraffic,
    rates: rates.server(server),
  }
}
