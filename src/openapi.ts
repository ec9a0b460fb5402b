import { drizzle } from 'drizzle-orm/pglite'
import { createApp } from './app.ts'
import type { IdentityConfig } from './config.ts'
import { createLogger } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createVerify } from './tokens.ts'

/**
 * @param identity whether the service would want tokens
 * @returns the OpenAPI document that the service serves, as text; no database is opened for it
 */
export async function openApiDocument(identity: IdentityConfig | null): Promise<string> {
  const log = createLogger('silent')
  const app = createApp({
    db: drizzle.mock(),
    guard: (statement) => statement(),
    log,
    verify: identity && createVerify(identity, log),
    metrics: createMetrics(() => ({ connections: 0, inUse: 0, waiting: 0 })),
    corsOrigins: [],
    isStopping: () => false
  })
  const answer = await app.handle(new Request('http://localhost/openapi.json'))
  return `${JSON.stringify(await answer.json(), null, 2)}\n`
}
