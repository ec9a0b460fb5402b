import { drizzle } from 'drizzle-orm/pglite'
import { createApp } from './app.ts'
import { createLogger } from './log.ts'
import { createMetrics } from './metrics.ts'

/** @returns the OpenAPI document that the service serves, as text; no database is opened for it */
export async function openApiDocument(): Promise<string> {
  const app = createApp({
    db: drizzle.mock(),
    guard: (statement) => statement(),
    log: createLogger('silent'),
    metrics: createMetrics(() => ({ connections: 0, inUse: 0, waiting: 0 })),
    corsOrigins: [],
    isStopping: () => false
  })
  const answer = await app.handle(new Request('http://localhost/openapi.json'))
  return `${JSON.stringify(await answer.json(), null, 2)}\n`
}
