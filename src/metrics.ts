import { Elysia } from 'elysia'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { build } from './build.ts'
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts'

/** How the connections to the database are used. */
export type PoolUse = { connections: number; inUse: number; waiting: number }

export type Metrics = {
  observe: RequestMetrics['observe']
  /** @returns all of them in Prometheus' text format */
  text(): Promise<string>
  contentType: string
}

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

  const requests = createRequestMetrics()
  return {
    observe: requests.observe,
    text: async () => (await registry.metrics()) + requests.text(),
    contentType: registry.contentType
  }
}

/** `/metrics`, for Prometheus. */
export const metricsRoute = ({ text, contentType }: Metrics) =>
  new Elysia({ name: 'metrics', detail: { hide: true } }).get(
    '/metrics',
    async () => new Response(await text(), { headers: { 'content-type': contentType, 'cache-control': 'no-store' } })
  )
