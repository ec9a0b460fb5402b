import { createApp } from './app.ts'
import type { Config, DatabaseConfig, IdentityConfig } from './config.ts'
import { connect, type StatementLogger } from './database/connect.ts'
import { createGuard } from './database/guard.ts'
import { migrationCount, prepareSchema } from './database/migrate.ts'
import type { Logger } from './log.ts'
import { createMetrics, type PoolUse } from './metrics.ts'
import { observed } from './request-log.ts'
import { StartError } from './start-error.ts'
import { createVerify } from './tokens.ts'

/**
 * What a request waits for the database: a refused one makes 503 within a second, one that does not answer within ten.
 * Ten thousand statements are what a server answers in half a second, and the embedded one in three.
 */
const guardSettings = { most: 10_000, deadline: 9500, patience: 700 }

/** How long the requests in flight have to finish once the service stops, and the database to close, in milliseconds. */
const stopTimeout = 9000
const closeTimeout = 500

export type Service = {
  /** Where it listens, with the port that was picked. */
  url: URL
  /**
   * Resolves once the database is there and has the schema; until then `/health` is all that is well. Rejects with a
   * {@link StartError} where that does not come about.
   */
  ready: Promise<void>
  /** Takes no new connections, lets the requests in flight finish, then closes the database. */
  stop(): Promise<void>
}

/**
 * Opens the database and listens; then waits for the database and brings it up to date.
 *
 * @param statements hears of every SQL statement, parameters included
 * @throws {StartError} where the service can't be; nothing is left open then
 */
export async function startService(config: Config, log: Logger, statements?: StatementLogger): Promise<Service> {
  const database = await connect(config.database, log, statements)
  let hasSchema = false
  let stopping = false

  const { guard, underWay } = createGuard({
    ...guardSettings,
    isReady: () => hasSchema,
    ...(database.renew && { onSilence: database.renew }),
    ...(database.hasRoom && { hasRoom: database.hasRoom })
  })
  const metrics = createMetrics(() => poolUse(connectionsOf(config.database), underWay()))
  const { corsOrigins, identity, logUserIds } = config
  const verify = identity && createVerify(identity, log)
  const isStopping = () => stopping
  const app = createApp({ db: database.db, guard, log, metrics, verify, corsOrigins, isStopping })
  const handle = observed({ log, metrics, logUserIds, isStopping }, (request) => app.fetch(withOrigin(request)))

  let server: Bun.Server<undefined>
  try {
    server = listen(config, handle)
  } catch (error) {
    await database.close()
    throw error
  }
  const url = new URL(server.url)

  async function open(signal: AbortSignal): Promise<void> {
    const waiting = { seconds: config.databaseWait, log, signal }
    const applied = await prepareSchema(database, config.migrateOnStart, waiting)
    if (applied > 0) log.info(`applied ${migrationCount(applied)}`)
    hasSchema = true
    log.info(`tasks-api listens on ${url.origin}, with its documentation at ${url.origin}/docs`)
    log.info(`tasks are kept in ${database.name}`)
    if (identity) log.info(`identity is on: ${describeIdentity(identity)}`)
    else log.warn('identity is off: whoever knows a user_id can read and change its tasks')
  }
  const opening = new AbortController()

  return {
    url,
    ready: open(opening.signal),
    async stop() {
      stopping = true
      opening.abort()
      await atMost(stopTimeout, server.stop())
      await atMost(closeTimeout, server.stop(true))
      await atMost(closeTimeout, database.close())
    }
  }
}

/** An embedded database is one connection; the clients of a server use as many as they may before anything waits. */
const connectionsOf = (config: DatabaseConfig) => (config.driver === 'pglite' ? 1 : config.poolSize)

function poolUse(connections: number, underWay: number): PoolUse {
  const inUse = Math.min(connections, underWay)
  return { connections, inUse, waiting: underWay - inUse }
}

/** Waits for a promise, but no longer than that. */
async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, milliseconds)
  await Promise.race([promise, late.promise])
  clearTimeout(timer)
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

function describeIdentity({ source, issuer, audience }: IdentityConfig): string {
  const key = 'secret' in source ? 'AUTH_JWT_SECRET' : `the keys at ${source.jwksUrl.host}`
  return `tokens are verified by ${key}, of ${issuer ?? 'any issuer'}, for ${audience ?? 'any audience'}`
}
