import type { ServerFigures, ServiceFigures, Snapshot } from './snapshot.js'

/** Labels of a value, by name. */
type Labels = Readonly<Record<string, string>>

/** One value of a metric, as prom-client takes it. */
export interface Row {
  readonly labels: Labels
  readonly value: number
}

/** A metric and how it is read from a snapshot. */
export interface MetricSpec {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** Made one by one: together they are larger than the snapshot. */
  rows(snapshot: Snapshot): Iterable<Row>
}

/** The metrics of node_exporter's ipvs collector: names, labels and help texts are its (collector/ipvs_linux.go). */
const ipvs: readonly MetricSpec[] = [
  counter('node_ipvs_connections_total', 'The total number of connections made.', ({ totals }) => totals.conns),
  counter(
    'node_ipvs_incoming_packets_total',
    'The total number of incoming packets.',
    ({ totals }) => totals.inPackets,
  ),
  // Replies of routed and tunnelled servers do not pass the director: IPVS shows 0 as well.
  counter('node_ipvs_outgoing_packets_total', 'The total number of outgoing packets.', () => 0),
  counter('node_ipvs_incoming_bytes_total', 'The total amount of incoming data.', ({ totals }) => totals.inBytes),
  counter('node_ipvs_outgoing_bytes_total', 'The total amount of outgoing data.', () => 0),
  ipvsServerGauge(
    'node_ipvs_backend_connections_active',
    'The current active connections by local and remote address.',
    ({ active }) => active,
  ),
  ipvsServerGauge(
    'node_ipvs_backend_connections_inactive',
    'The current inactive connections by local and remote address.',
    ({ inactive }) => inactive,
  ),
  ipvsServerGauge(
    'node_ipvs_backend_weight',
    'The current backend weight by local and remote address.',
    ({ weight }) => weight,
  ),
]

const dataplane: readonly MetricSpec[] = [
  {
    name: 'xlvs_dataplane_info',
    type: 'gauge',
    help: 'The data plane in use and its mode, for each interface; always 1.',
    rows: ({ status }) =>
      status.interfaces.map(({ name, mode }) => ({
        labels: { dataplane: status.dataplane, interface: name, mode },
        value: 1,
      })),
  },
  {
    name: 'xlvs_verdicts_total',
    type: 'counter',
    help: 'Packets by what happened to them.',
    rows: ({ status }) => Object.entries(status.verdicts).map(([verdict, value]) => ({ labels: { verdict }, value })),
  },
  gauge(
    'xlvs_connections_in_use',
    'Slots of the connection table that are taken.',
    ({ status }) => status.connections.inUse,
  ),
  gauge(
    'xlvs_connections_capacity',
    'Slots that the connection table has.',
    ({ status }) => status.connections.capacity,
  ),
  counter(
    'xlvs_connections_evicted_total',
    'Connections, not yet assured, that gave way to new ones in a full table.',
    ({ status }) => status.connections.evicted,
  ),
  counter(
    'xlvs_connections_expired_total',
    'Connections whose timeout has ended, or that were over when a new one came by the same addresses and ports.',
    ({ status }) => status.connections.expired,
  ),
  gauge(
    'xlvs_unresolved_next_hops',
    'Addresses of real servers to which no way is known; they are not picked.',
    ({ status }) => status.unresolved.length,
  ),
]

const services: readonly MetricSpec[] = [
  serviceCounter('xlvs_service_connections_total', 'Connections made to a virtual service.', 'conns'),
  serviceCounter('xlvs_service_incoming_packets_total', 'Packets from clients to a virtual service.', 'inPackets'),
  serviceCounter('xlvs_service_incoming_bytes_total', 'Bytes from clients to a virtual service.', 'inBytes'),
]

/** Every metric about packets, in the order of the page. */
export const metricSpecs: readonly MetricSpec[] = [...ipvs, ...dataplane, ...services]

type Reading = (snapshot: Snapshot) => number

function counter(name: string, help: string, read: Reading): MetricSpec {
  return { name, type: 'counter', help, rows: (snapshot) => [{ labels: {}, value: read(snapshot) }] }
}

function gauge(name: string, help: string, read: Reading): MetricSpec {
  return { ...counter(name, help, read), type: 'gauge' }
}

function ipvsServerGauge(name: string, help: string, read: (server: ServerFigures) => number): MetricSpec {
  return {
    name,
    type: 'gauge',
    help,
    *rows({ servers }) {
      for (const server of servers) yield { labels: serverLabels(server), value: read(server) }
    },
  }
}

function serviceCounter(name: string, help: string, member: keyof ServiceFigures['traffic']): MetricSpec {
  return {
    name,
    type: 'counter',
    help,
    *rows({ services }) {
      for (const service of services) yield { labels: serviceLabels(service), value: service.traffic[member] }
    },
  }
}

/** Those of node_exporter's ipvs collector. */
function serverLabels({ service, rip, rport }: ServerFigures): Labels {
  const { local_address = '', local_port = '', proto = '' } = serviceLabels(service)
  return { local_address, local_port, remote_address: rip, remote_port: String(rport), proto, local_mark: '' }
}

function serviceLabels({ protocol, vip, vport }: ServiceFigures): Labels {
  return { local_address: vip, local_port: String(vport), proto: protocol.toUpperCase() }
}
