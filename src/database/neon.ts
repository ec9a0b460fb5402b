import { neonConfig, Pool } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/neon-serverless'
import type { DatabaseOf } from '../config.ts'
import type { Logger } from '../log.ts'
import type { Database, StatementLogger } from './connect.ts'
import { describeFailure } from './failure.ts'
import { connectTimeout, idleTimeout, renewable } from './renewable.ts'

/** A PostgreSQL server through Neon's driver, over a WebSocket (https://neon.com/docs/serverless/serverless-driver). */
export function openNeon(
  { url, poolSize, proxy }: DatabaseOf<'neon'>,
  log: Logger,
  statements?: StatementLogger
): Database {
  if (proxy !== null) {
    neonConfig.wsProxy = (host, port) => `${proxy}?address=${host}:${port}`
    neonConfig.useSecureWebSocket = false
    // Sending the password before it is asked for works with Neon's own proxy only.
    neonConfig.pipelineConnect = false
  }
  const pools = {
    open(max: number) {
      const pool = new Pool({
        connectionString: url.href,
        max,
        connectionTimeoutMillis: connectTimeout * 1000,
        idleTimeoutMillis: idleTimeout * 1000
      })
      // Without a listener the loss of an idle connection would be an uncaught exception.
      pool.on('error', (error: unknown) =>
        log.warn({ reason: describeFailure(error) }, 'lost an idle database connection')
      )
      return pool
    },
    ask: (pool: Pool) => pool.query('select 1'),
    discard: (pool: Pool) => pool.end()
  }
  const { client, renew, end } = renewable(pools, poolSize, log)
  const name = `PostgreSQL on ${url.host}, through Neon's serverless driver`
  return { name, db: drizzle(client, { logger: statements ?? false }), renew, close: () => end().end() }
}
