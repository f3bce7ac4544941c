import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import type { Clock } from '../core/clock.js'
import { type MetricSpec, metricSpecs, type Row } from './metrics.js'
import { type MetricsSource, takeSnapshot } from './snapshot.js'
import { TimeSlices } from './time-slices.js'

/** Default metrics of prom-client that are gauges with the name of a counter; each is also there by type under a good name. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Rows that are formatted at once: about a millisecond, and some 30 KB of text. */
const rowsAtOnce = 200

/** The metrics of a director and of the process, in Prometheus's text format. */
export class MetricsText {
  readonly #director = new Registry()
  readonly #process = new Registry()
  /** What prom-client gets when it asks a metric of the director for its values. */
  #rows: readonly Row[] = []

  constructor(
    private readonly source: MetricsSource,
    private readonly clock: Clock,
  ) {
    for (const spec of metricSpecs) this.#register(spec)
    collectDefaultMetrics({ register: this.#process })
    for (const name of misnamed) this.#process.removeSingleMetric(name)
  }

  /** RFC 9110's media type of it. */
  get contentType(): string {
    return this.#process.contentType
  }

  /** Reads everything, then gives the text in pieces. Both hold the event loop for a few milliseconds at a time. */
  async *pieces(): AsyncGenerator<string> {
    const slices = new TimeSlices(this.clock)
    const snapshot = await takeSnapshot(this.source, slices)
    for (const spec of metricSpecs) {
      const head = await this.#format(spec, [])
      yield head
      for (const rows of portions(spec.rows(snapshot))) {
        // prom-client heads each portion anew.
        yield (await this.#format(spec, rows)).slice(head.length)
        if (slices.isOver) await slices.next()
      }
      yield '\n\n'
    }
    yield await this.#process.metrics()
  }

  /** Hands prom-client rows as they are: to set each by its labels, which it would sort and hash, takes most of the time. */
  #register({ name, help, type }: MetricSpec): void {
    const Kind = type === 'counter' ? Counter : Gauge
    const metric: Metric = new Kind({ name, help, registers: [this.#director] })
    const describe = metric.get.bind(metric)
    metric.get = async () => {
      const values = [...this.#rows]
      return { ...(await describe()), values }
    }
  }

  /** The lines of a metric: two that head it, and one for each row. */
  #format({ name }: MetricSpec, rows: readonly Row[]): Promise<string> {
    this.#rows = rows
    return this.#director.getSingleMetricAsString(name)
  }
}

function* portions(rows: Iterable<Row>): Generator<readonly Row[]> {
  let portion: Row[] = []
  for (const row of rows) {
    portion.push(row)
    if (portion.length < rowsAtOnce) continue
    yield portion
    portion = []
  }
  if (portion.length > 0) yield portion
}
