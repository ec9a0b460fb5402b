import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { entries } from '../drizzle/meta/_journal.json'
import { databases, sharedPostgres } from './support/databases.ts'
import { addressOf, spawnService } from './support/process.ts'
import { callOn } from './support/service.ts'

/** Runs a command to its end. */
async function run(environment: Record<string, string>, ...args: string[]) {
  const service = spawnService(environment, args)
  const { status, error } = await service.ended
  return { status, error, output: service.output() }
}

const onServers = databases.filter(({ name }) => !name.includes('embedded'))

test.each(onServers.map(({ name, create }) => [name, create] as const))(
  'on %s the command migrate does what the start does, once',
  async (_, create) => {
    const environment = await create()
    const later = { ...environment, MIGRATE_ON_START: 'false' }
    const refused = await run(later)
    expect(refused).toMatchObject({
      status: 1,
      error: `tasks-api: the database lacks ${entries.length} migrations: apply them with the command migrate\n`
    })

    const done = (count: number) => ({ status: 0, error: '', output: `applied ${count} migrations\n` })
    expect(await run(later, 'migrate')).toEqual(done(entries.length))
    expect(await run(later, 'migrate')).toEqual(done(0))

    const service = spawnService(later)
    const url = await addressOf(service)
    expect((await callOn(url)('POST', '/api/u/tasks', { json: { title: 'x' } })).status).toBe(201)
    expect(service.output()).not.toContain('applied')
    service.kill('SIGTERM')
    expect(await service.ended).toEqual({ status: 0, error: '' })
  }
)

test('a database of a newer version is refused, whoever would migrate, and stays as it is', async () => {
  const url = await (await sharedPostgres()).createDatabase()
  const environment = { DATABASE_URL: url.href }
  expect((await run(environment, 'migrate')).status).toBe(0)
  const sql = new SQL(url, { max: 1 })
  await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', 9999999999999)`
  const newer = 'the database is newer than this program: it has 1 migration that this one does not know'
  for (const [variables, args] of [
    [{}, []],
    [{ MIGRATE_ON_START: 'false' }, []],
    [{}, ['migrate']]
  ] as const) {
    expect(await run({ ...environment, ...variables }, ...args)).toMatchObject({
      status: 1,
      error: `tasks-api: ${newer}\n`
    })
  }
  const [row] = await sql`select count(*)::int as count from drizzle.__drizzle_migrations`
  expect(row.count).toBe(entries.length + 1)
  await sql.close()
})
