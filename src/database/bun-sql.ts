import { SQL } from 'bun'
import { drizzle } from 'drizzle-orm/bun-sql'
import type { DatabaseOf } from '../config.ts'
import type { Logger } from '../log.ts'
import type { Database, StatementLogger } from './connect.ts'
import { connectTimeout, idleTimeout, renewable } from './renewable.ts'

/** A PostgreSQL server through Bun's own client (https://bun.com/docs/runtime/sql). */
export function openBunSql(config: DatabaseOf<'postgres'>, log: Logger, statements?: StatementLogger): Database {
  const clients = {
    open: (max: number) => new SQL(config.url, { max, connectionTimeout: connectTimeout, idleTimeout }),
    ask: (client: SQL) => client.unsafe('select 1'),
    discard: (client: SQL) => client.close({ timeout: 0 })
  }
  const { client, renew, end } = renewable(clients, config.poolSize, log)
  const name = `PostgreSQL on ${config.url.host}, through Bun's PostgreSQL client`
  return { name, db: drizzle(client, { logger: statements ?? false }), renew, close: () => end().close() }
}
