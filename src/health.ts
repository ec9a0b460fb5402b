import { sql } from 'drizzle-orm'
import { Elysia } from 'elysia'
import type { Drizzle } from './database/connect.ts'
import type { Guard } from './database/guard.ts'
import { Problem } from './problem.ts'
import { StartError } from './start-error.ts'

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

/** How long a health check waits for the answer, in milliseconds. */
const patience = 3000

/**
 * Asks a service on this machine whether it lives.
 *
 * @param host where it listens, as it was told
 * @throws {StartError} where it does not
 */
export async function checkHealth(host: string, port: number): Promise<void> {
  // The addresses of every interface are none to connect to.
  const address = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/health`
  const answer = await fetch(url, { signal: AbortSignal.timeout(patience) }).catch(() => undefined)
  if (answer?.status !== 200) throw new StartError(`no healthy service at ${url}`)
}
