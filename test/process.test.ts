import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQL } from 'bun'
import { entries } from '../drizzle/meta/_journal.json'
import { version } from '../package.json'
import { variables } from '../src/config.ts'
import { type DatabaseEnvironment, databases, sharedPostgres } from './support/databases.ts'
import { taskIn, tasksIn } from './support/expect.ts'
import { freePort } from './support/free-port.ts'
import { addressOf, type ServiceProcess, spawnService } from './support/process.ts'
import { callOn } from './support/service.ts'
import { identityIsOn } from './support/tokens.ts'

const applied = `applied ${entries.length} migrations`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tasks-api-process-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function running(service: ServiceProcess) {
  const url = await addressOf(service)
  return { call: callOn(url), url }
}

async function stop(service: ServiceProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  service.kill(signal)
  expect(await service.ended).toEqual({ status: 0, error: '' })
}

const kept: [string, () => Promise<DatabaseEnvironment>][] = databases.map(({ name, create }, index) => [
  name,
  index === 0 ? async () => ({ DATABASE_URL: `pglite:${join(folder, 'kept', 'data')}` }) : create
])

test.each(kept)('%s keeps its tasks over a restart', async (_, create) => {
  const environment = await create()
  const first = spawnService(environment)
  const task = taskIn(await (await running(first)).call('POST', '/api/u/tasks', { json: { title: 'kept' } }), 201)
  await stop(first, 'SIGTERM')
  expect(first.output()).toContain(applied)

  const second = spawnService(environment)
  expect(tasksIn(await (await running(second)).call('GET', '/api/u/tasks'))).toEqual([task])
  await stop(second, 'SIGINT')
  expect(second.output()).not.toContain('applied')
})

test('ten instances that start at once on an empty database all come up, with one table', async () => {
  const url = await (await sharedPostgres()).createDatabase()
  const environment = { DATABASE_URL: url.href, DATABASE_POOL_SIZE: '2' }
  const instances = Array.from({ length: 10 }, () => spawnService(environment))
  const calls = await Promise.all(instances.map(running))
  for (const { call } of calls) expect((await call('GET', '/ready')).status).toBe(200)

  const [first] = calls
  if (!first) throw new Error('no instance')
  const task = taskIn(await first.call('POST', '/api/u/tasks', { json: { title: 'shared' } }), 201)
  for (const { call } of calls) expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([task])
  expect(instances.filter(({ output }) => output().includes(applied))).toHaveLength(1)

  const sql = new SQL(url, { max: 1 })
  const tables = await sql`select table_schema || '.' || table_name as name from information_schema.tables
    where table_schema in ('public', 'drizzle') order by 1`
  expect(tables.map(({ name }: { name: string }) => name)).toEqual(['drizzle.__drizzle_migrations', 'public.tasks'])
  const [row] = await sql`select count(*)::int as count from drizzle.__drizzle_migrations`
  expect(row.count).toBe(entries.length)
  await sql.close()
  await Promise.all(instances.map((instance) => stop(instance)))
})

describe('what stops the start', () => {
  async function refusal(environment: Record<string, string>): Promise<string> {
    const { status, error } = await spawnService(environment).ended
    expect(status).toBe(1)
    expect(error).toMatch(/^tasks-api: [^\n]+\n$/)
    expect(error).not.toMatch(/s3cret/)
    return error
  }

  test('a wrong variable', async () => {
    expect(await refusal({ PORT: 'http' })).toBe('tasks-api: PORT must be a whole number from 0 to 65535\n')
    expect(await refusal({ DATABASE_URL: 'mysql://u:s3cret@host/db' })).toContain('DATABASE_URL must start with')
  })

  test('a port that is taken', async () => {
    const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    const environment = { DATABASE_URL: 'pglite:memory', PORT: String(other.port) }
    expect(await refusal(environment)).toContain(`PORT ${other.port}: EADDRINUSE`)
    await other.stop(true)
  })

  test('a database that refuses the password', async () => {
    const url = await (await sharedPostgres()).createDatabase()
    url.password = 's3cret'
    expect(await refusal({ DATABASE_URL: url.href })).toContain("the database can't be used: 28P01")
  })

  test('a database that does not come', async () => {
    const absent = { DATABASE_URL: 'postgres://u:s3cret@127.0.0.1:1/db', DATABASE_WAIT: '1' }
    expect(await refusal(absent)).toContain(
      "there was no PostgreSQL on 127.0.0.1:1, through Bun's PostgreSQL client within 1 s: ERR_POSTGRES_CONNECTION_REFUSED"
    )
    expect(await refusal({ ...absent, NEON_WS_PROXY: '127.0.0.1:1/v1' })).toContain('within 1 s')
  })
})

describe('the command line', () => {
  const run = async (...args: string[]) => {
    const service = spawnService({}, args)
    const { status, error } = await service.ended
    return { status, error, output: service.output() }
  }

  test('--help names every variable', async () => {
    const { status, output } = await run('--help')
    expect(status).toBe(0)
    for (const { name } of variables) expect(output).toContain(name)
  })

  test('--version', async () => {
    const { status, error, output } = await run('--version')
    expect({ status, error }).toEqual({ status: 0, error: '' })
    expect(output).toMatch(/^\d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-changed)?|none, run from source)\)\n$/)
    expect(output).toStartWith(`${version} `)
  })

  test('anything else is refused', async () => {
    for (const argument of ['--port', 'start', 'toString', '']) {
      const { status, error } = await run(argument)
      expect(status).toBe(2)
      expect(error).toMatch(/^tasks-api: .*--help.*\n$/)
      expect(error).toContain(argument)
    }
  })
})

describe('the log', () => {
  test('says where it listens, where the tasks are and whether identity is on', async () => {
    const url = await (await sharedPostgres()).createDatabase()
    const service = spawnService({ DATABASE_URL: url.href })
    const { origin } = (await running(service)).url
    await stop(service)
    const lines = service
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
      `info: ${applied}`,
      `info: tasks-api listens on ${origin}, with its documentation at ${origin}/docs`,
      `info: tasks are kept in PostgreSQL on ${url.host}, through Bun's PostgreSQL client`,
      identityIsOn
        ? 'info: identity is on: tokens are verified by AUTH_JWT_SECRET, of any issuer, for any audience'
        : 'warn: identity is off: whoever knows a user_id can read and change its tasks',
      'info: SIGTERM: stopping',
      'info: stopped'
    ])
    expect(service.output()).not.toContain(url.password)
    expect(service.output()).not.toContain(decodeURIComponent(url.password))
  })

  test('silent is silent', async () => {
    const port = freePort()
    const service = spawnService({ DATABASE_URL: 'pglite:memory', LOG_LEVEL: 'silent', PORT: String(port) })
    const healthy = () =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false
      )
    while (!(await healthy())) await Bun.sleep(20)
    await stop(service)
    expect(service.output()).toBe('')
  })
})
