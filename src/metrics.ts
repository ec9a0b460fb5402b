import { Elysia } from 'elysia'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { build } from './build.ts'

/** What becomes of one request. */
export type Observation = {
  method: string
  /** The template of its route, null where it has none: a label has few values, whatever paths are sent. */
  route: string | null
  status: number
  /** How long it took, in seconds. */
  seconds: number
}

/** How the connections to the database are used. */
export type PoolUse = { connections: number; inUse: number; waiting: number }

export type Metrics = {
  observe(observation: Observation): void
  /** @returns all of them in Prometheus' text format */
  text(): Promise<string>
  contentType: string
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Of prom-client's own metrics, those that mean something on Bun. */
const meaningful = /^(process_(?!heap)|nodejs_eventloop_lag)/

/** @param poolUse tells how the connections to the database are used now */
export function createMetrics(poolUse: () => PoolUse): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name } of registry.getMetricsAsArray()) if (!meaningful.test(name)) registry.removeSingleMetric(name)
  const registers = [registry]

  new Gauge({
    name: 'tasks_api_build_info',
    help: '1, with the version and the commit of the program.',
    labelNames: ['version', 'commit'],
    registers
  }).set(build, 1)

  for (const [name, help, value] of [
    ['connections', 'Connections to the database that this process may have.', () => poolUse().connections],
    ['connections_in_use', 'Connections to the database with a statement under way.', () => poolUse().inUse],
    ['statements_waiting', 'Statements that wait for a connection.', () => poolUse().waiting]
  ] as const) {
    new Gauge({
      name: `tasks_api_database_${name}`,
      help,
      registers,
      collect() {
        this.set(value())
      }
    })
  }

  const labelNames = ['method', 'route', 'status'] as const
  const requests = new Counter({ name: 'http_requests_total', help: 'Requests answered.', labelNames, registers })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From a request to its answer.',
    labelNames,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers
  })

  // A look into a Map is cheaper than prom-client's search by labels, which each request would do twice.
  type Series = { requests: Counter.Internal; durations: Histogram.Internal<(typeof labelNames)[number]> }
  const known = new Map<string, Series>()

  return {
    observe({ method, route, status, seconds }) {
      const key = `${method} ${status} ${route}`
      let series = known.get(key)
      if (!series) {
        const labels = {
          method: methods.has(method) ? method : 'other',
          route: route ?? 'none',
          status: String(status)
        }
        series = { requests: requests.labels(labels), durations: durations.labels(labels) }
        known.set(key, series)
      }
      series.requests.inc()
      series.durations.observe(seconds)
    },
    text: () => registry.metrics(),
    contentType: registry.contentType
  }
}

/** `/metrics`, for Prometheus. */
export const metricsRoute = ({ text, contentType }: Metrics) =>
  new Elysia({ name: 'metrics', detail: { hide: true } }).get(
    '/metrics',
    async () => new Response(await text(), { headers: { 'content-type': contentType, 'cache-control': 'no-store' } })
  )
