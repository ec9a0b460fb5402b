import type { Logger as StatementLogger } from 'drizzle-orm/logger'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { DatabaseConfig } from '../config.ts'
import type { Logger } from '../log.ts'

export type { StatementLogger }

/** Drizzle on any of the three drivers: all that the rest of the service knows of the database. */
export type Drizzle = PgDatabase<PgQueryResultHKT>

export type Database = {
  /** What an operator calls it; nothing secret. */
  name: string
  db: Drizzle
  /** Goes over to new connections once the database answers on one, for those that were lost without a word never end. */
  renew?: (replaced: () => void) => void
  /** Whether there is room for what a write adds; only an embedded database can tell. */
  hasRoom?: () => boolean
  /** Lets the statements under way finish, then closes every connection. */
  close(): Promise<void>
}

/**
 * Opens the configured database. PostgreSQL is not asked for a connection yet: the first statement does that.
 *
 * @param config which database, over which driver
 * @param log hears of lost connections
 * @param statements hears of every statement; parameters included
 * @throws {StartError} where an embedded database can't be opened
 */
export async function connect(config: DatabaseConfig, log: Logger, statements?: StatementLogger): Promise<Database> {
  // Only the driver that is used is loaded: the other two would double the time that a start takes.
  switch (config.driver) {
    case 'pglite':
      return await (await import('./pglite.ts')).openPGlite(config, statements)
    case 'postgres':
      return (await import('./bun-sql.ts')).openBunSql(config, log, statements)
    case 'neon':
      return (await import('./neon.ts')).openNeon(config, log, statements)
  }
}
