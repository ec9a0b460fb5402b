import { Elysia } from 'elysia'
import { crossOrigin } from './cors.ts'
import type { Drizzle } from './database/connect.ts'
import type { Guard } from './database/guard.ts'
import { docs } from './docs.ts'
import { errors } from './errors.ts'
import { health } from './health.ts'
import type { Logger } from './log.ts'
import { type Metrics, metricsRoute } from './metrics.ts'
import { exchange } from './request-log.ts'
import { taskRoutes } from './tasks/routes.ts'
import { createTaskStore } from './tasks/store.ts'
import type { Verify } from './tokens.ts'

export type AppDependencies = {
  db: Drizzle
  guard: Guard
  log: Logger
  metrics: Metrics
  /** Tells who sends a request; null where the path is trusted. */
  verify: Verify | null
  corsOrigins: string[]
  /** Whether shutdown has begun. */
  isStopping: () => boolean
}

/**
 * Composes the service, without listening.
 *
 * @returns the Elysia app; its type is what Eden's treaty takes
 */
export function createApp({ db, guard, log, metrics, verify, corsOrigins, isStopping }: AppDependencies) {
  const app = new Elysia({
    // A host may have a short name, such as `api` in a container network.
    handler: { standardHostname: false },
    // What a body has too much is ignored, not stripped before it is checked.
    normalize: false,
    strictPath: true
  })
    .use(exchange)
    .use(errors(log, methodsAt))
    .use(crossOrigin(corsOrigins))
    .use(docs(verify !== null))
    .use(health(db, guard, isStopping))
    .use(metricsRoute(metrics))
    .use(taskRoutes(createTaskStore(db, guard), verify))

  function methodsAt(path: string): string[] {
    const routes = app.routes.filter((route) => isAt(route.path, path))
    return [...new Set(routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))]
  }
  return app.compile()
}

export type App = ReturnType<typeof createApp>

function isAt(template: string, path: string): boolean {
  const [places, segments] = [template.split('/'), path.split('/')]
  return (
    places.length === segments.length &&
    places.every((place, index) => (place.startsWith(':') ? segments[index] !== '' : segments[index] === place))
  )
}
