import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQL } from 'bun'
import { type DatabaseEnvironment, sharedPostgres } from './support/databases.ts'
import { taskIn, tasksIn } from './support/expect.ts'
import { spawnService } from './support/process.ts'
import { start } from './support/service.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tasks-api-copy-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function copy(environment: Record<string, string>) {
  const child = spawnService(environment, ['copy'])
  return { ...(await child.ended), output: child.output() }
}

async function listsOf(environment: DatabaseEnvironment, users: string[]) {
  const service = await start(environment)
  const lists = await Promise.all(users.map(async (user) => tasksIn(await service.call('GET', `/api/${user}/tasks`))))
  await service.stop()
  return lists
}

test('all tasks of all users are moved as they are, and back', async () => {
  const embedded = { DATABASE_URL: `pglite:${join(folder, 'source')}` }
  const server = { DATABASE_URL: (await (await sharedPostgres()).createDatabase()).href }
  const users = ['ada', 'grace', '😀']
  const service = await start(embedded)
  for (const user of users) {
    const path = `/api/${encodeURIComponent(user)}/tasks`
    const { id } = taskIn(await service.call('POST', path, { json: { title: 'x', description: ' \n ' } }), 201)
    for (let change = 0; change < 5; change++) await service.call('PATCH', `${path}/${id}/complete`)
    await service.call('POST', path, { json: { title: 'y' } })
  }
  await service.stop()
  const encoded = users.map(encodeURIComponent)
  const lists = await listsOf(embedded, encoded)

  expect(await copy({ ...embedded, COPY_TO: server.DATABASE_URL })).toEqual({
    status: 0,
    error: '',
    output: 'copied 6 tasks\n'
  })
  expect(await listsOf(server, encoded)).toEqual(lists)
  const backup = { DATABASE_URL: `pglite:${join(folder, 'backup')}` }
  expect((await copy({ ...server, COPY_TO: backup.DATABASE_URL })).output).toBe('copied 6 tasks\n')
  expect(await listsOf(backup, encoded)).toEqual(lists)

  const again = await copy({ ...embedded, COPY_TO: server.DATABASE_URL })
  expect(again.status).toBe(1)
  expect(again.error).toMatch(/^tasks-api: nothing was copied: 23505 [^\n]+\n$/)
  expect(await listsOf(server, encoded)).toEqual(lists)
})

test('more tasks than are read at once are copied, to the microsecond', async () => {
  const [from, to] = [await (await sharedPostgres()).createDatabase(), await (await sharedPostgres()).createDatabase()]
  await (await start({ DATABASE_URL: from.href })).stop()
  const [source, target] = [new SQL(from, { max: 1 }), new SQL(to, { max: 1 })]
  await source`insert into tasks (id, user_id, title, created_at, updated_at)
    select gen_random_uuid(), 'u' || n % 7, n::text, now() - n * interval '1 microsecond', now() from generate_series(1, 2500) n`
  expect((await copy({ DATABASE_URL: from.href, COPY_TO: to.href })).output).toBe('copied 2500 tasks\n')
  const digest = (sql: SQL) => sql`select md5(string_agg(tasks::text, ' ' order by id)) as digest from tasks`
  expect((await digest(target))[0].digest).toBe((await digest(source))[0].digest)
  await source.close()
  await target.close()
})

test('what can not be copied is refused with one line, and no secret in it', async () => {
  const rows: [Record<string, string>, RegExp][] = [
    [{}, /COPY_TO must name/],
    [{ COPY_TO: 'mysql://u:s3cret@host/db' }, /COPY_TO must start with/],
    [{ COPY_TO: 'postgres://u:s3cret@127.0.0.1:1/db' }, /nothing was copied: ERR_POSTGRES_CONNECTION_REFUSED/],
    [{ DATABASE_URL: 'x', COPY_TO: 'pglite:memory' }, /DATABASE_URL must start with/]
  ]
  for (const [environment, message] of rows) {
    const { status, error } = await copy({ DATABASE_URL: 'pglite:memory', ...environment })
    expect([status, error]).toEqual([1, expect.stringMatching(message)])
    expect(error).toMatch(/^[^\n]+\n$/)
    expect(error).not.toContain('s3cret')
  }
})
