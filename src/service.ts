import { createApp } from './app.ts'
import type { Config, DatabaseConfig } from './config.ts'
import { connect, type Drizzle, type StatementLogger } from './database/connect.ts'
import { describeFailure } from './database/failure.ts'
import { migrate } from './database/migrate.ts'
import type { Logger } from './log.ts'
import { logRequests } from './request-log.ts'
import { StartError } from './start-error.ts'

/** How long the requests in flight have to finish once the service stops, in milliseconds. */
const stopTimeout = 10_000

export type Service = {
  /** Where it listens, with the port that was picked. */
  url: URL
  /** Takes no new connections, lets the requests in flight finish, then closes the database. */
  stop(): Promise<void>
}

/**
 * Opens the database, brings it up to date, and listens.
 *
 * @param statements hears of every SQL statement, parameters included
 * @throws {StartError} where any of that fails; nothing is left open then
 */
export async function startService(config: Config, log: Logger, statements?: StatementLogger): Promise<Service> {
  const database = await connect(config.database, log, statements)
  try {
    const applied = await migrateOrFail(database.db)
    if (applied > 0) log.info(`applied ${applied} ${applied === 1 ? 'migration' : 'migrations'}`)

    let stopping = false
    const { corsOrigins } = config
    const app = createApp({ db: database.db, log, corsOrigins, isStopping: () => stopping })
    const server = listen(
      config,
      logRequests(log, (request) => app.fetch(withOrigin(request)))
    )

    const url = new URL(server.url)
    log.info(`tasks-api listens on ${url.origin}, with its documentation at ${url.origin}/docs`)
    log.info(`tasks are kept in ${describeDatabase(config.database)}`)
    log.warn('identity is off: whoever knows a user_id can read and change its tasks')

    return {
      url,
      async stop() {
        stopping = true
        const late = Promise.withResolvers<void>()
        const timer = setTimeout(late.resolve, stopTimeout)
        await Promise.race([server.stop(), late.promise])
        clearTimeout(timer)
        await server.stop(true)
        await database.close()
      }
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

async function migrateOrFail(db: Drizzle): Promise<number> {
  try {
    return await migrate(db)
  } catch (error) {
    throw new StartError(`the database can't be used: ${describeFailure(error)}`)
  }
}

function listen({ host, port }: Config, handle: (request: Request) => Promise<Response>) {
  try {
    return Bun.serve({
      hostname: host,
      port,
      development: false,
      // Bodies are measured where they are read: past Bun's own limit the answer would have no problem document.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: handle
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    throw new StartError(`can't listen on HOST ${host}, PORT ${port}: ${code}`)
  }
}

/** A request by HTTP/1.0 may have no Host (RFC 9112 §3.2), and its URL then no origin. */
function withOrigin(request: Request): Request {
  return request.url.startsWith('/') ? new Request(`http://localhost${request.url}`, request) : request
}

function describeDatabase(config: DatabaseConfig): string {
  if (config.driver === 'pglite') {
    return config.directory === null
      ? 'an embedded PostgreSQL in memory, and lost when it stops'
      : `the embedded PostgreSQL in ${config.directory}`
  }
  const through = config.driver === 'neon' ? "Neon's serverless driver" : "Bun's PostgreSQL client"
  return `PostgreSQL on ${config.url.host}, through ${through}`
}
