import { cors } from '@elysiajs/cors'
import { Elysia, NotFoundError } from 'elysia'
import type { Drizzle } from './database/connect.ts'
import type { Guard } from './database/guard.ts'
import { docs } from './docs.ts'
import { errors } from './errors.ts'
import { health } from './health.ts'
import type { Logger } from './log.ts'
import { type Metrics, metricsRoute } from './metrics.ts'
import { noteRoute } from './request-log.ts'
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
    .use(noteRoute)
    .use(errors(log, methodsAt))
    .use(crossOrigin(corsOrigins))
    .use(docs(verify !== null))
    .use(health(db, guard, isStopping))
    .use(metricsRoute(metrics))
    .use(taskRoutes(createTaskStore(db, guard), verify))

  function methodsAt(path: string): string[] {
    // OPTIONS are the CORS plugin's, and only for preflights.
    const routes = app.routes.filter((route) => route.method !== 'OPTIONS' && isAt(route.path, path))
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

/** CORS for browsers on other origins. The plugin would answer every OPTIONS with 204, a preflight or not. */
function crossOrigin(origins: string[]) {
  const app = new Elysia({ name: 'cross-origin' })
  if (origins.length === 0) return app
  return app
    .onRequest(({ request }) => {
      const { method, headers } = request
      if (method === 'OPTIONS' && !headers.has('access-control-request-method')) throw new NotFoundError()
    })
    .use(
      cors({
        origin: origins,
        credentials: false,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        allowedHeaders: [
          'Authorization',
          'Content-Type',
          'Idempotency-Key',
          'If-Match',
          'If-None-Match',
          'X-Request-Id'
        ],
        exposeHeaders: ['ETag', 'Link', 'Location', 'Retry-After', 'X-Request-Id', 'Idempotent-Replayed'],
        maxAge: 600
      })
    )
}
