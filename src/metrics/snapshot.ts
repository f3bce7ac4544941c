import { serviceKeyText } from '../core/virtual-service.js'
import type { Director } from '../director/director.js'

/** What is measured: a Director. */
export type MetricsSource = Pick<Director, 'services' | 'totals' | 'status'>
export type ServiceView = ReturnType<MetricsSource['services']>[number]
export type ServerView = ServiceView['servers'][number]

/** Labels of a metric's row, by name. */
export type Labels = Readonly<Record<string, string>>

/** A server and its labels, those of node_exporter's ipvs collector. */
export interface LabelledServer {
  readonly view: ServerView
  readonly labels: Labels
}

/** A service, its servers, and their labels. */
export interface LabelledService {
  readonly view: ServiceView
  readonly labels: Labels
  readonly servers: readonly LabelledServer[]
}

/** Everything that one scrape shows, read at one moment. */
export interface Snapshot {
  readonly status: ReturnType<MetricsSource['status']>
  readonly totals: ReturnType<MetricsSource['totals']>
  readonly services: readonly LabelledService[]
  /** Those of all services, in their order. */
  readonly servers: readonly LabelledServer[]
}

/**
 * Reads a source.
 * @param previous whose label objects are taken over where a service has the servers that it had: prom-client formats an
 * object once.
 */
export function takeSnapshot(source: MetricsSource, previous?: Snapshot): Snapshot {
  const known = new Map(previous?.services.map((service) => [serviceKeyText(service.view), service]))
  const views = source.services()
  const services = views.map((view) => labelled(view, known.get(serviceKeyText(view))))
  return {
    status: source.status(),
    totals: source.totals(views),
    services,
    servers: services.flatMap(({ servers }) => servers),
  }
}

function labelled(view: ServiceView, known: LabelledService | undefined): LabelledService {
  const labels = known?.labels ?? serviceLabels(view)
  const servers = view.servers.map((server, index) => {
    const same = known?.servers[index]
    return same?.view.rip === server.rip && same.view.rport === server.rport
      ? { view: server, labels: same.labels }
      : labelledServer(server, labels)
  })
  return { view, labels, servers }
}

function serviceLabels({ protocol, vip, vport }: ServiceView): Labels {
  return { local_address: vip, local_port: String(vport), proto: protocol.toUpperCase() }
}

function labelledServer(view: ServerView, service: Labels): LabelledServer {
  const { local_address = '', local_port = '', proto = '' } = service
  const server = { remote_address: view.rip, remote_port: String(view.rport) }
  return { view, labels: { local_address, local_port, ...server, proto, local_mark: '' } }
}
