import { Counter, collectDefaultMetrics, Gauge, type Metric, type Registry } from 'prom-client'
import { type MetricSpec, metricSpecs } from './metrics.js'
import { type MetricsSource, type Snapshot, takeSnapshot } from './snapshot.js'

/** Default metrics of prom-client that are gauges with the name of a counter; each is also there by type under a good name. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/**
 * Fills a registry with the metrics of a director and of the process. Values are read when the registry is, once for all
 * metrics.
 */
export function collectMetrics(source: MetricsSource, registry: Registry): void {
  const snapshot = oncePerScrape((previous) => takeSnapshot(source, previous))
  for (const spec of metricSpecs) register(spec, registry, snapshot)
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
}

/** A registry asks all its metrics in one turn of the event loop: what is read in it serves them all. */
function oncePerScrape(read: (previous?: Snapshot) => Snapshot): () => Snapshot {
  let taken: Snapshot | undefined
  let isCurrent = false
  return () => {
    if (taken && isCurrent) return taken
    taken = read(taken)
    isCurrent = true
    setImmediate(() => {
      isCurrent = false
    })
    return taken
  }
}

/** Hands prom-client the rows as they are. */
function register(spec: MetricSpec, registry: Registry, snapshot: () => Snapshot): void {
  const { name, help } = spec
  const Kind = spec.type === 'counter' ? Counter : Gauge
  const metric: Metric = new Kind({ name, help, registers: [registry] })
  const describe = metric.get.bind(metric)
  metric.get = async () => ({ ...(await describe()), values: [...spec.rows(snapshot())] })
}
