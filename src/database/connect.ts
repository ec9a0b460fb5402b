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

export type { StatementLogger }

/** Drizzle on any of the three drivers: all that the rest of the service knows of the database. */
export type Drizzle = PgDatabase<PgQueryResultHKT>

export type Database = {
  db: Drizzle
  /** Gives up every connection and goes on with new ones: those that were lost without a word would wait for ever. */
  renew(): void
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
      return { db: drizzleOnPGlite(client, { logger }), renew() {}, hasRoom, close }
    }
    case 'postgres': {
      const open = () => new SQL(config.url, { max: config.poolSize, connectionTimeout: connectTimeout, idleTimeout })
      const { client, renew, current } = renewable(open, (old) => old.close({ timeout: 0 }), log)
      return { db: drizzleOnBun(client, { logger }), renew, close: () => current().close() }
    }
    case 'neon': {
      if (config.proxy !== null) {
        neonConfig.wsProxy = (host, port) => `${config.proxy}?address=${host}:${port}`
        neonConfig.useSecureWebSocket = false
        // Sending the password before it is asked for works with Neon's own proxy only.
        neonConfig.pipelineConnect = false
      }
      const { client, renew, current } = renewable(
        () => openPool(config, log),
        (old) => old.end(),
        log
      )
      return { db: drizzleOnNeon(client, { logger }), renew, close: () => current().end() }
    }
  }
}

function openPool({ url, poolSize }: { url: URL; poolSize: number }, log: Logger): Pool {
  const pool = new Pool({
    connectionString: url.href,
    max: poolSize,
    connectionTimeoutMillis: connectTimeout * 1000,
    idleTimeoutMillis: idleTimeout * 1000
  })
  // Without a listener the loss of an idle connection would be an uncaught exception.
  pool.on('error', (error: unknown) => log.warn({ reason: describeFailure(error) }, 'lost an idle database connection'))
  return pool
}

/** A client that stays the same for who uses it while the one behind it is replaced. */
function renewable<Client extends object>(open: () => Client, discard: (old: Client) => Promise<void>, log: Logger) {
  let current = open()
  const client = new Proxy(current, {
    get(_, name) {
      const value: unknown = Reflect.get(current, name)
      return typeof value === 'function' ? value.bind(current) : value
    }
  })
  return {
    client,
    current: () => current,
    renew() {
      log.warn('the database has been silent for too long, its connections are replaced')
      const old = current
      current = open()
      discard(old).catch((error: unknown) =>
        log.warn({ reason: describeFailure(error) }, 'could not close a connection')
      )
    }
  }
}
