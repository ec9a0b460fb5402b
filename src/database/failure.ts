/**
 * The SQLSTATEs, or their first two characters for a whole class, with which PostgreSQL says that it can't serve now
 * rather than that the statement is wrong (https://www.postgresql.org/docs/18/errcodes-appendix.html).
 */
const unavailableStates = [
  '08', // connection exception
  '25006', // read-only transaction: a standby, or a failover under way
  '28', // credentials no longer valid
  '3D000', // no such database
  '53', // insufficient resources: connections, memory, disk
  '57' // operator intervention: shutdown, crash, start-up, a cancelled statement
]

/** How the drivers say that there is no connection, where there is no SQLSTATE since no server spoke. */
const connectionCodes =
  /^(E(CONN(REFUSED|RESET|ABORTED)|TIMEDOUT|NOTFOUND|AI_AGAIN|PIPE|HOSTUNREACH|NETUNREACH)|ERR_POSTGRES_(CONNECTION|IDLE|LIFETIME|TLS)_?\w*)$/
const connectionMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/

/** The database was not asked, or not heard of in time. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'
}

/**
 * @param error what a driver, or Drizzle around it, threw
 * @returns whether the database could not be reached or would not serve, so that the same request may succeed later
 */
export function isUnavailable(error: unknown): boolean {
  for (const cause of causesOf(error)) {
    if (cause instanceof DatabaseUnavailable) return true
    // A WebSocket that can't be opened rejects with an event, which is no Error and has no code.
    if (cause instanceof ErrorEvent) return true
    const state = sqlState(cause)
    if (state) return unavailableStates.some((prefix) => state.startsWith(prefix))
    if (connectionCodes.test(property(cause, 'code')) || connectionMessages.test(property(cause, 'message')))
      return true
  }
  return false
}

/** SQLSTATEs with which a server turns a connection down before it takes any statement. */
const refusedStates = /^(53300|57P03|3D000|28...)$/
const refusedCodes = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_POSTGRES_CONNECTION_REFUSED)$/

/**
 * @param error one for which {@link isUnavailable} holds
 * @returns whether there was no connection that could have carried the statement, so that it certainly was not applied
 */
export function neverArrived(error: unknown): boolean {
  for (const cause of causesOf(error)) {
    if (cause instanceof ErrorEvent) return true
    if (refusedStates.test(sqlState(cause) ?? '') || refusedCodes.test(property(cause, 'code'))) return true
  }
  return false
}

/**
 * @returns whether a database that failed with this at the start may be there later: not where it is there, and does not
 *   know who is asking, or what for
 */
export function mayCome(error: unknown): boolean {
  return isUnavailable(error) && ![...causesOf(error)].some((cause) => /^(28...|3D000)$/.test(sqlState(cause) ?? ''))
}

/**
 * @returns one line about the root of a database error, in the server's or the driver's words: neither the statement nor
 *   its parameters, which Drizzle's own message has
 */
export function describeFailure(error: unknown): string {
  const root = [...causesOf(error)].at(-1)
  const description = [sqlState(root) || property(root, 'code'), property(root, 'message')].filter(Boolean).join(' ')
  return description.split('\n', 1)[0] || 'unknown error'
}

/** Bun's client has the SQLSTATE in `errno`, the other two drivers have it in `code`. */
function sqlState(error: unknown): string | undefined {
  return [property(error, 'errno'), property(error, 'code')].find(
    (code) => /^[0-9A-Z]{5}$/.test(code) && code !== 'EPIPE'
  )
}

function* causesOf(error: unknown): Generator<unknown> {
  for (let cause = error, depth = 0; cause !== undefined && depth < 10; depth++) {
    yield cause
    cause = cause instanceof Error ? cause.cause : undefined
  }
}

function property(object: unknown, name: string): string {
  const value = typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined
  return typeof value === 'string' ? value : ''
}
