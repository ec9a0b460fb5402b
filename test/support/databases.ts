import { type PostgresServer, startPostgres } from './postgres.ts'
import { startWebSocketProxy, type WebSocketProxy } from './websocket-proxy.ts'

/** The variables that lead the service to a database. */
export type DatabaseEnvironment = { DATABASE_URL: string; NEON_WS_PROXY?: string }

/** One of the three ways to a database. */
export type DatabaseKind = {
  name: string
  /** Makes a new and empty one. */
  create(): Promise<DatabaseEnvironment>
}

let server: Promise<PostgresServer> | undefined
let proxy: WebSocketProxy | undefined

/** The one PostgreSQL server that the tests share, each in a database of its own. */
export function sharedPostgres(): Promise<PostgresServer> {
  server ??= startPostgres()
  return server
}

/** The one WebSocket proxy before it. */
export function sharedProxy(): WebSocketProxy {
  proxy ??= startWebSocketProxy()
  return proxy
}

export async function stopShared(): Promise<void> {
  await proxy?.stop()
  await (await server)?.stop()
}

const onServer = async () => ({ DATABASE_URL: (await (await sharedPostgres()).createDatabase()).href })

export const databases: DatabaseKind[] = [
  { name: 'the embedded PostgreSQL', create: async () => ({ DATABASE_URL: 'pglite:memory' }) },
  { name: 'a PostgreSQL server', create: onServer },
  {
    name: "a PostgreSQL server through Neon's driver",
    create: async () => ({ ...(await onServer()), NEON_WS_PROXY: sharedProxy().address })
  }
]
