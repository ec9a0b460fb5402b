import { sql } from 'drizzle-orm'
import { Elysia } from 'elysia'
import type { Drizzle } from './database/connect.ts'
import type { Guard } from './database/guard.ts'
import { Problem } from './problem.ts'

/**
 * `/health` tells whether the process lives, `/ready` whether it should be sent requests.
 *
 * @param db is asked by `/ready`, never by `/health`
 * @param guard bounds what `/ready` waits
 * @param isStopping whether shutdown has begun
 */
export const health = (db: Drizzle, guard: Guard, isStopping: () => boolean) =>
  new Elysia({ name: 'health', detail: { hide: true } })
    .get('/health', () => ({ status: 'healthy' }) as const)
    .get('/ready', async () => {
      if (isStopping())
        throw new Problem('database_unavailable', 'the service is shutting down', { 'retry-after': '1' })
      await guard(async () => await db.execute(sql`select 1`), true)
      return { status: 'ready' } as const
    })
