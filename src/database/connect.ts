import { neonConfig, Pool } from '@neondatabase/serverless'
import { SQL } from 'bun'
import { drizzle as drizzleOnBun } from 'drizzle-orm/bun-sql'
import type { Logger as StatementLogger } from 'drizzle-orm/logger'
import { drizzle as drizzleOnNeon } from 'drizzle-orm/neon-serverless'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzleOnPGlite } from 'drizzle-orm/pglite'
import type { DatabaseConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import { describeFailure } from './failure.ts'
import { openPGlite } from './pglite.ts'
import { type ClientKind, renewable } from './renewable.ts'

export type { StatementLogger }

/** Drizzle on any of the three drivers: all that the rest of the service knows of the database. */
export type Drizzle = PgDatabase<PgQueryResultHKT>

export type Database = {
  db: Drizzle
  /** Goes over to new connections once the database answers on one, for those that were lost without a word never end. */
  renew?: () => Promise<void>
  /** Whether there is room for what a write adds; only an embedded database can tell. */
  hasRoom?: () => boolean
  /** Lets the statements under way finish, then closes every connection. */
  close(): Promise<void>
}

/** How long opening a connection may take, in seconds: Neon wakes from zero within some hundred milliseconds. */
const connectTimeout = 15

/** How long a connection may idle before it is closed, in seconds: less than the five minutes after which Neon does it. */
const idleTimeout = 240

/**
 * Opens the configured database. PostgreSQL is not asked for a connection yet: the first statement does that.
 *
 * @param config which database, over which driver
 * @param log hears of lost connections
 * @param statements hears of every statement; parameters included
 * @throws {StartError} where an embedded database can't be opened
 */
export async function connect(config: DatabaseConfig, log: Logger, statements?: StatementLogger): Promise<Database> {
  const logger = statements ?? false
  switch (config.driver) {
    case 'pglite': {
      const { client, hasRoom, close } = await openPGlite(config.directory)
      return { db: drizzleOnPGlite(client, { logger }), hasRoom, close }
    }
    case 'postgres': {
      const { client, renew, end } = renewable(bunClients(config.url), config.poolSize, log)
      return { db: drizzleOnBun(client, { logger }), renew, close: () => end().close() }
    }
    case 'neon': {
      if (config.proxy !== null) {
        neonConfig.wsProxy = (host, port) => `${config.proxy}?address=${host}:${port}`
        neonConfig.useSecureWebSocket = false
        // Sending the password before it is asked for works with Neon's own proxy only.
        neonConfig.pipelineConnect = false
      }
      const { client, renew, end } = renewable(neonPools(config.url, log), config.poolSize, log)
      return { db: drizzleOnNeon(client, { logger }), renew, close: () => end().end() }
    }
  }
}

const bunClients = (url: URL): ClientKind<SQL> => ({
  open: (max) => new SQL(url, { max, connectionTimeout: connectTimeout, idleTimeout }),
  ask: (client) => client.unsafe('select 1'),
  discard: (client) => client.close({ timeout: 0 })
})

const neonPools = (url: URL, log: Logger): ClientKind<Pool> => ({
  open(max) {
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
  ask: (pool) => pool.query('select 1'),
  discard: (pool) => pool.end()
})
