import { StartError } from './start-error.ts'

export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof logLevels)[number]

export type DatabaseConfig =
  | { driver: 'pglite'; directory: string | null }
  | { driver: 'postgres'; url: URL; poolSize: number }
  | { driver: 'neon'; url: URL; poolSize: number; proxy: string | null }

export type IdentityConfig = {
  source: { secret: Uint8Array<ArrayBuffer> } | { jwksUrl: URL }
  issuer: string | null
  audience: string | null
}

/** What there is to know of a database that a driver reaches. */
export type DatabaseOf<Driver> = Extract<DatabaseConfig, { driver: Driver }>

export type Config = {
  database: DatabaseConfig
  databaseWait: number
  migrateOnStart: boolean
  host: string
  port: number
  corsOrigins: string[]
  logLevel: LogLevel
  logUserIds: boolean
  /** Who vouches for users; null where the path is trusted. */
  identity: IdentityConfig | null
}

type Environment = Record<string, string | undefined>

/** Every variable that configures the service, with what `--help` says of it. */
export const variables = [
  { name: 'DATABASE_URL', fallback: 'pglite:./data', help: 'pglite:DIR, pglite:memory or postgres://…' },
  { name: 'DATABASE_POOL_SIZE', fallback: '20', help: 'connections of this process to PostgreSQL, 1 to 1000' },
  { name: 'DATABASE_WAIT', fallback: '60', help: 'seconds that the start waits for a database that is not there' },
  { name: 'MIGRATE_ON_START', fallback: 'true', help: 'false leaves migrations to the command migrate' },
  { name: 'NEON_WS_PROXY', fallback: '', help: 'host:port/path of a WebSocket proxy, for development' },
  { name: 'HOST', fallback: '127.0.0.1', help: 'address to listen on; 0.0.0.0 for every IPv4 one' },
  { name: 'PORT', fallback: '8000', help: 'port to listen on; 0 picks a free one' },
  { name: 'CORS_ORIGINS', fallback: 'http://localhost:3000', help: 'comma-separated origins; empty for none' },
  { name: 'LOG_LEVEL', fallback: 'info', help: logLevels.join(', ') },
  { name: 'LOG_USER_IDS', fallback: 'false', help: 'true logs whose tasks a request is about' },
  { name: 'AUTH_JWT_SECRET', fallback: '', help: 'verifies tokens by HS256, at least 32 bytes; or else' },
  { name: 'AUTH_JWKS_URL', fallback: '', help: 'by the keys at this address: RS256, ES256, EdDSA' },
  { name: 'AUTH_ISSUER', fallback: '', help: "what a token's iss has to be" },
  { name: 'AUTH_AUDIENCE', fallback: '', help: "what a token's aud has to be or to contain" }
] as const

type VariableName = (typeof variables)[number]['name']

/**
 * Reads the configuration, once, at the start.
 *
 * @param environment the variables, `process.env` for the service
 * @param aliases what to call a variable that was given by another name
 * @returns every setting, defaults filled in
 * @throws {StartError} naming every variable that has a wrong value, and showing none
 */
export function readConfig(environment: Environment, aliases: Environment = {}): Config {
  const faults: string[] = []

  function read<T>(name: VariableName, parse: (value: string) => T | Fault): T | undefined {
    const fallback = variables.find((variable) => variable.name === name)?.fallback ?? ''
    const parsed = parse(environment[name] ?? fallback)
    if (!(parsed instanceof Fault)) return parsed
    faults.push(`${aliases[name] ?? name} ${parsed.message}`)
    return undefined
  }

  /** Reads what has no default: null where it is not set. Set to nothing it is a mistake. */
  function readOptional<T>(name: VariableName, parse: (value: string) => T | Fault): T | null | undefined {
    if (environment[name] === undefined) return null
    return read(name, (value) => (value.trim() === '' ? new Fault('must not be empty') : parse(value)))
  }

  const poolSize = read('DATABASE_POOL_SIZE', integer(1, 1000))
  const proxy = read('NEON_WS_PROXY', webSocketProxy)
  const database = read('DATABASE_URL', (value) => databaseAt(value, poolSize ?? 0, proxy ?? null))
  const databaseWait = read('DATABASE_WAIT', integer(1, 86_400))
  const migrateOnStart = read('MIGRATE_ON_START', oneOf(['true', 'false']))
  const host = read('HOST', (value) => (/^\S+$/.test(value) ? value : new Fault('must be a host name or an address')))
  const port = read('PORT', integer(0, 65_535))
  const corsOrigins = read('CORS_ORIGINS', originList)
  const logLevel = read('LOG_LEVEL', oneOf(logLevels))
  const logUserIds = read('LOG_USER_IDS', oneOf(['true', 'false']))
  const secret = readOptional('AUTH_JWT_SECRET', hmacKey)
  const jwksUrl = readOptional('AUTH_JWKS_URL', httpUrl)
  const issuer = readOptional('AUTH_ISSUER', (value) => value) ?? null
  const audience = readOptional('AUTH_AUDIENCE', (value) => value) ?? null
  if (secret && jwksUrl) faults.push('AUTH_JWT_SECRET and AUTH_JWKS_URL can not both be set')
  const source = secret ? { secret } : jwksUrl ? { jwksUrl } : null
  // Starting without the authentication that somebody asked for would be worse than not starting.
  if ((issuer ?? audience) !== null && !source) {
    faults.push(`${issuer === null ? 'AUTH_AUDIENCE' : 'AUTH_ISSUER'} needs AUTH_JWT_SECRET or AUTH_JWKS_URL`)
  }

  if (database && databaseWait && host && port !== undefined && corsOrigins && logLevel && faults.length === 0) {
    return {
      database,
      databaseWait,
      migrateOnStart: migrateOnStart === 'true',
      host,
      port,
      corsOrigins,
      logLevel,
      logUserIds: logUserIds === 'true',
      identity: source && { source, issuer, audience }
    }
  }
  throw new StartError(faults.join('; '))
}

class Fault {
  constructor(readonly message: string) {}
}

function integer(least: number, most: number) {
  return (value: string): number | Fault => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    return number >= least && number <= most ? number : new Fault(`must be a whole number from ${least} to ${most}`)
  }
}

function oneOf<T extends string>(choices: readonly T[]) {
  return (value: string): T | Fault =>
    choices.find((choice) => choice === value) ?? new Fault(`must be one of ${choices.join(', ')}`)
}

function databaseAt(value: string, poolSize: number, proxy: string | null): DatabaseConfig | Fault {
  if (value === 'pglite:memory') return { driver: 'pglite', directory: null }
  if (value.startsWith('pglite:')) {
    const directory = value.slice('pglite:'.length)
    if (directory.trim() === '' || directory.includes('\0')) return new Fault('must name a folder after pglite:')
    return { driver: 'pglite', directory }
  }
  if (!/^postgres(ql)?:/.test(value)) {
    return new Fault('must start with pglite:, postgres:// or postgresql://')
  }
  const url = URL.parse(value)
  if (!url?.hostname || !isPercentEncoded(url)) {
    return new Fault('must be a connection string, postgres://user:password@host:port/database, percent-encoded')
  }
  const onNeon = /(^|\.)neon\.tech$/i.test(url.hostname)
  return onNeon || proxy !== null ? { driver: 'neon', url, poolSize, proxy } : { driver: 'postgres', url, poolSize }
}

function isPercentEncoded({ username, password, pathname }: URL): boolean {
  try {
    return [username, password, pathname].every((part) => !decodeURIComponent(part).includes('\0'))
  } catch {
    return false
  }
}

function webSocketProxy(value: string): string | null | Fault {
  if (value === '') return null
  const url = URL.parse(`ws://${value}`)
  const valid = url !== null && /^[^\s/?#@]+:\d+\//.test(value) && url.username === ''
  return valid ? value : new Fault('must have the form host:port/path')
}

/** A key for HS256 has to be as long as its hash (RFC 7518 §3.2). */
function hmacKey(value: string): Uint8Array<ArrayBuffer> | Fault {
  const key = new TextEncoder().encode(value)
  return key.length >= 32 ? key : new Fault('must have at least 32 bytes')
}

function httpUrl(value: string): URL | Fault {
  const url = URL.parse(value)
  const valid = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return valid ? url : new Fault('must be an https:// or http:// address')
}

function originList(value: string): string[] | Fault {
  const origins = value.split(',').map((origin) => origin.trim())
  if (origins.every((origin) => origin === '')) return []
  const valid = origins.every((origin) => origin === '*' || URL.parse(origin)?.origin === origin)
  return valid ? origins : new Fault('must be * or a comma-separated list of origins such as https://app.example.com')
}
