import { describe, expect, test } from 'bun:test'
import { logLevels, readConfig, variables } from '../src/config.ts'
import { StartError } from '../src/start-error.ts'

const neon =
  'postgres://u:p@ep-cool-name-123-pooler.eu-central-1.aws.neon.tech/db?sslmode=require&channel_binding=require'

test('without variables everything has its default', () => {
  expect(readConfig({})).toEqual({
    database: { driver: 'pglite', directory: './data' },
    databaseWait: 60,
    migrateOnStart: true,
    host: '127.0.0.1',
    port: 8000,
    corsOrigins: ['http://localhost:3000'],
    logLevel: 'info',
    logUserIds: false,
    identity: null
  })
})

test('.env.example shows every variable with its default', async () => {
  const example = await Bun.file(`${import.meta.dir}/../.env.example`).text()
  for (const { name, fallback } of variables) {
    expect(example).toMatch(new RegExp(`^${fallback ? '' : '# '}${name}=${fallback}`, 'm'))
  }
})

describe('DATABASE_URL decides the driver', () => {
  const drivers: [string, object][] = [
    ['pglite:memory', { driver: 'pglite', directory: null }],
    ['pglite:/var/lib/my tasks', { driver: 'pglite', directory: '/var/lib/my tasks' }],
    ['pglite:./memory', { driver: 'pglite', directory: './memory' }],
    ['postgres://localhost/db', { driver: 'postgres', poolSize: 20 }],
    ['postgresql://u:p%40ss@10.0.0.1:6543/db?sslmode=require', { driver: 'postgres' }],
    ['postgres://[::1]:5432/db', { driver: 'postgres' }],
    [neon, { driver: 'neon', proxy: null, poolSize: 20 }],
    ['postgres://u:p@EP-X.NEON.TECH/db', { driver: 'neon' }],
    ['postgres://u:p@neon.tech.example.com/db', { driver: 'postgres' }],
    ['postgres://u:p@notneon.tech/db', { driver: 'postgres' }]
  ]
  test.each(drivers)('%s', (DATABASE_URL, database) => {
    expect(readConfig({ DATABASE_URL }).database).toMatchObject(database)
  })

  test('a WebSocket proxy selects Neon, whatever the host', () => {
    const environment = { DATABASE_URL: 'postgres://localhost/db', NEON_WS_PROXY: '127.0.0.1:5488/v1' }
    expect(readConfig(environment).database).toMatchObject({ driver: 'neon', proxy: '127.0.0.1:5488/v1' })
  })
})

describe('who vouches for users', () => {
  const others = { AUTH_ISSUER: 'https://Issuer.example', AUTH_AUDIENCE: 'tasks' }

  test('a secret of 32 bytes, not characters', () => {
    const secret = 'ü'.repeat(16)
    expect(readConfig({ AUTH_JWT_SECRET: secret }).identity).toEqual({
      source: { secret: new TextEncoder().encode(secret) },
      issuer: null,
      audience: null
    })
  })

  test('the keys at an address', () => {
    for (const AUTH_JWKS_URL of ['https://issuer.example/jwks?x=1', 'http://auth:3000/jwks']) {
      expect(readConfig({ AUTH_JWKS_URL, ...others }).identity).toEqual({
        source: { jwksUrl: new URL(AUTH_JWKS_URL) },
        issuer: 'https://Issuer.example',
        audience: 'tasks'
      })
    }
  })
})

describe('values at the limits', () => {
  const good: [string, string, object][] = [
    ['DATABASE_WAIT', '1', { databaseWait: 1 }],
    ['DATABASE_WAIT', '86400', { databaseWait: 86_400 }],
    ['MIGRATE_ON_START', 'false', { migrateOnStart: false }],
    ['LOG_USER_IDS', 'true', { logUserIds: true }],
    ['PORT', '0', { port: 0 }],
    ['PORT', '65535', { port: 65_535 }],
    ['HOST', '::', { host: '::' }],
    ['CORS_ORIGINS', '', { corsOrigins: [] }],
    ['CORS_ORIGINS', ' ', { corsOrigins: [] }],
    ['CORS_ORIGINS', '*', { corsOrigins: ['*'] }],
    [
      'CORS_ORIGINS',
      ' https://a.example ,http://b.example:8080',
      { corsOrigins: ['https://a.example', 'http://b.example:8080'] }
    ],
    ...logLevels.map((logLevel): [string, string, object] => ['LOG_LEVEL', logLevel, { logLevel }])
  ]
  test.each(good)('%s=%s', (name, value, config) => {
    expect(readConfig({ [name]: value })).toMatchObject(config)
  })
})

describe('a wrong value is refused, named and not shown', () => {
  const bad: [string, string[]][] = [
    [
      'DATABASE_URL',
      [
        ...[
          '',
          ' ',
          's3cret',
          'pglite:',
          'pglite: ',
          'pglite',
          'mysql://s3cret@host/db',
          'file:///s3cret',
          'postgres:',
          'postgres://'
        ],
        ...[
          'postgres:s3cret',
          'postgres:///s3cret',
          'postgres://u:s3cret@host:99999/db',
          'postgres://u:s3cret%zz@host/db'
        ],
        ...['postgres://u:s3cret%00@host/db', ' postgres://u:s3cret@host/db', 'pglite:a\0b']
      ]
    ],
    ['DATABASE_POOL_SIZE', ['', '0', '1001', '-1', '1.5', '0x10', ' 5', '5 ', 'many', '1e2', '٥', '99999999999']],
    [
      'NEON_WS_PROXY',
      [' ', 'host', 'host:5488', 'ws://host:5488/v1', 'host:port/v1', 'u:s3cret@host:1/v1', 'host:99999/v1']
    ],
    ['DATABASE_WAIT', ['', '0', '86401', '60s', '-1', '1.5']],
    ['MIGRATE_ON_START', ['', 'no', '0', 'TRUE', 'true ']],
    ['LOG_USER_IDS', ['', 'yes', '1']],
    ['HOST', ['', ' ', 'a b', '\t']],
    ['PORT', ['', '-1', '65536', '80.0', '0x50', ' 80', 'http', '1e3', '٨٠']],
    [
      'CORS_ORIGINS',
      [
        's3cret',
        'http://a.example/',
        'http://a.example/x',
        'http://a.example,,http://b.example',
        'null',
        'HTTP://A.example',
        'http://a.example http://b.example'
      ]
    ],
    ['LOG_LEVEL', ['', 'INFO', 'verbose', ' info', '30']],
    ['AUTH_JWT_SECRET', ['', ' ', 's3cret', `s3cret${'x'.repeat(25)}`]],
    [
      'AUTH_JWKS_URL',
      ['', 's3cret', 'issuer.example/jwks', 'file:///s3cret', 'https://u:s3cret@issuer.example/jwks', 'ftp://s3cret/']
    ],
    ['AUTH_ISSUER', ['', ' ', 'https://s3cret.example']],
    ['AUTH_AUDIENCE', ['', 's3cret']]
  ]
  for (const [name, values] of bad) {
    test.each(values)(`${name}=%j`, (value) => {
      const read = () => readConfig({ [name]: value })
      expect(read).toThrow(StartError)
      expect(read).toThrow(new RegExp(`^${name} [^\\n;]+$`))
      expect(read).not.toThrow(/s3cret/)
    })
  }

  test('two sources of keys', () => {
    const both = { AUTH_JWT_SECRET: 'x'.repeat(32), AUTH_JWKS_URL: 'https://issuer.example/jwks' }
    expect(() => readConfig(both)).toThrow(/^AUTH_JWT_SECRET and AUTH_JWKS_URL can not both be set$/)
  })

  test('all of them at once', () => {
    expect(() => readConfig({ PORT: 'x', LOG_LEVEL: 'x', DATABASE_URL: 'x' })).toThrow(
      /^DATABASE_URL must .*; PORT must .*; LOG_LEVEL must .*$/
    )
  })
})
