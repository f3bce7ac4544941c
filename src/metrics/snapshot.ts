import { addTraffic, type Traffic } from '../core/traffic.js'
import type { Director } from '../director/director.js'
import type { TimeSlices } from './time-slices.js'

/** What is measured: a Director. */
export type MetricsSource = Pick<Director, 'eachService' | 'totals' | 'status'>
type ServiceView = ReturnType<Director['services']>[number]
type ServerView = ServiceView['servers'][number]

/** What is shown of a service. */
export type ServiceFigures = Pick<ServiceView, 'protocol' | 'vip' | 'vport' | 'traffic'>

/** What is shown of a server of a service. */
export interface ServerFigures extends Pick<ServerView, 'rip' | 'rport' | 'active' | 'inactive' | 'weight'> {
  readonly service: ServiceFigures
}

/** Everything that one page shows. */
export interface Snapshot {
  readonly status: ReturnType<MetricsSource['status']>
  readonly totals: Traffic
  readonly services: readonly ServiceFigures[]
  /** Those of all services, in their order. */
  readonly servers: readonly ServerFigures[]
}

/** Reads a source in slices of time. A service and its servers are read at one moment. */
export async function takeSnapshot(source: MetricsSource, slices: TimeSlices): Promise<Snapshot> {
  const services: ServiceFigures[] = []
  const servers: ServerFigures[] = []
  const departed = source.totals([])
  let sum = departed
  for (const view of source.eachService()) {
    const { protocol, vip, vport, traffic } = view
    const service = { protocol, vip, vport, traffic }
    services.push(service)
    // Spelled out: the rest of the views is not held while the page is made.
    for (const { rip, rport, active, inactive, weight } of view.servers) {
      servers.push({ service, rip, rport, active, inactive, weight })
    }
    sum = addTraffic(sum, traffic)
    if (slices.isOver) await slices.next()
  }
  // Of a service that was deleted or zeroed meanwhile the sum may have the traffic twice or not at all: totals only grow.
  const totals = isSame(source.totals([]), departed) ? sum : source.totals()
  await slices.next()
  const status = source.status()
  await slices.next()
  return { status, totals, services, servers }
}

function isSame(a: Traffic, b: Traffic): boolean {
  return a.conns === b.conns && a.inPackets === b.inPackets && a.inBytes === b.inBytes
}
