import { describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import type { Task } from '../src/tasks/model.ts'
import { databases, sharedPostgres } from './support/databases.ts'
import { faultsIn, taskIn, tasksIn } from './support/expect.ts'
import { binary } from './support/process.ts'
import { type Answer, type Call, newUser, onEveryDatabase, start } from './support/service.ts'

/** The address of the next page, as a client reads it from Link. */
function nextOf({ headers }: Answer): string | undefined {
  const link = headers.get('link')
  if (link === null) return undefined
  const [, address] = /^<([^>]+)>; rel="next"$/.exec(link) ?? []
  expect(address, link).toBeDefined()
  return address
}

/** Walks all pages from an address on, and does something between them. */
async function walk(call: Call, address: string, between: () => Promise<unknown> = async () => {}): Promise<Task[][]> {
  const pages: Task[][] = []
  for (let next: string | undefined = address; next !== undefined; await between()) {
    const answer: Answer = await call('GET', next)
    pages.push(tasksIn(answer))
    next = nextOf(answer)
  }
  return pages
}

const createMany = async (call: Call, path: string, count: number) => {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, n) => call('POST', path, { json: { title: `${n}` } }))
  )
  return answers.map((answer) => taskIn(answer, 201))
}

const ids = (tasks: Task[]) => tasks.map(({ id }) => id)

/** Newest first, and by id where the times are equal: the order that the list promises. */
const inOrder = (tasks: Task[]) =>
  tasks.toSorted((a, b) => (`${a.created_at} ${a.id}` < `${b.created_at} ${b.id}` ? 1 : -1))

onEveryDatabase((call) => {
  test('pages of every length make the whole list', async () => {
    const path = `/api/${newUser()}/tasks`
    const tasks = inOrder(await createMany(call, path, 30))
    for (const limit of [1, 2, 7, 29, 30, 31, 1000]) {
      const pages = await walk(call, `${path}?limit=${limit}`)
      expect(pages.flat()).toEqual(tasks)
      expect(pages.map(({ length }) => length)).toEqual(
        Array.from({ length: Math.ceil(30 / limit) }, (_, page) => Math.min(limit, 30 - page * limit))
      )
    }
    expect(await walk(call, path)).toEqual([tasks])
  })

  test('the filter shows those that are done, or those that are not', async () => {
    const path = `/api/${newUser()}/tasks`
    const tasks = inOrder(await createMany(call, path, 20))
    for (const { id } of tasks.filter((_, index) => index % 3 === 0)) await call('PATCH', `${path}/${id}/complete`)
    for (const completed of [true, false]) {
      const pages = await walk(call, `${path}?completed=${completed}&limit=3`)
      expect(pages.flat().every((task) => task.completed === completed)).toBe(true)
      expect(ids(pages.flat())).toEqual(ids(tasks.filter((_, index) => (index % 3 === 0) === completed)))
    }
  })

  test('Link keeps the limit and the filter, and the path as it was written', async () => {
    const path = `/api/${newUser()}%2F%C3%A9/tasks`
    await createMany(call, path, 5)
    const next = nextOf(await call('GET', `${path}?unknown=1&completed=false&limit=2`)) ?? ''
    expect(next).toMatch(/^[^?]+\?limit=2&completed=false&cursor=[A-Za-z0-9_-]{104}$/)
    expect(next).toStartWith(`${path}?`)
    const relative = new URL(next, 'http://localhost').searchParams
    expect(Object.fromEntries(relative)).toMatchObject({ limit: '2', completed: 'false' })
  })

  test('a walk shows every task that is there throughout exactly once, whatever comes and goes', async () => {
    const path = `/api/${newUser()}/tasks`
    const tasks = await createMany(call, path, 60)
    const doomed = tasks.filter((_, index) => index % 4 === 0)
    const stable = tasks.filter((_, index) => index % 4 !== 0)
    const comeAndGo = async () => {
      await call('POST', path, { json: { title: 'new' } })
      const { id } = doomed.shift() ?? { id: 'none' }
      await call('DELETE', `${path}/${id}`)
      await call('PUT', `${path}/${stable[0]?.id}`, { json: { title: 'changed' } })
    }
    const shown = ids((await walk(call, `${path}?limit=7`, comeAndGo)).flat())
    expect(new Set(shown).size).toBe(shown.length)
    const there = new Set(shown)
    expect(ids(stable).filter((id) => !there.has(id))).toEqual([])
  })

  test('what is wrong with a page is refused, with its place', async () => {
    const path = `/api/${newUser()}/tasks`
    await createMany(call, path, 3)
    const rows: [string, string[]][] = [
      ...[
        '0',
        '1001',
        '-1',
        '1.5',
        '0x10',
        '1e2',
        '',
        '%20',
        '+5',
        '5%20',
        'ten',
        '%D9%A5',
        '00005',
        '99999999999999999999',
        '5%00'
      ].map((limit): [string, string[]] => [`limit=${limit}`, ['query.limit: integer_range']]),
      ...['', '%20', 'TRUE', '1', '0', 'yes', 'null', 'true%20', 'true,false'].map((completed): [string, string[]] => [
        `completed=${completed}`,
        ['query.completed: boolean_type']
      ]),
      ['limit=1&limit=1', ['query.limit: repeated']],
      ['completed=true&completed=true', ['query.completed: repeated']],
      ['cursor=x&cursor=y', ['query.cursor: repeated']],
      ['limit', ['query.limit: integer_range']],
      [
        'limit=0&completed=2&cursor=3',
        ['query.limit: integer_range', 'query.completed: boolean_type', 'query.cursor: cursor_mismatch']
      ]
    ]
    for (const [query, faults] of rows) expect(faultsIn(await call('GET', `${path}?${query}`)), query).toEqual(faults)
  })

  test('a cursor that was not made for this list is refused', async () => {
    const [path, other] = [`/api/${newUser()}/tasks`, `/api/${newUser()}/tasks`]
    await createMany(call, path, 3)
    await createMany(call, other, 3)
    const cursorOf = async (address: string) =>
      new URL(nextOf(await call('GET', address)) ?? '', 'http://x').searchParams.get('cursor') ?? ''
    const cursor = await cursorOf(`${path}?limit=1`)
    expect((await call('GET', `${path}?cursor=${cursor}`)).status).toBe(200)

    const altered = Array.from(
      cursor,
      (character, at) => cursor.slice(0, at) + (character === 'A' ? 'B' : 'A') + cursor.slice(at + 1)
    )
    const cut = [0, 1, 50, 103].map((length) => cursor.slice(0, length))
    const foreign = [await cursorOf(`${other}?limit=1`), await cursorOf(`${path}?limit=1&completed=false`)]
    const made = Buffer.from(
      `2026-02-06T10:30:00.000000Z019c32d4-9f40-7000-8000-3f1d2c4b5a69${'0'.repeat(15)}`
    ).toString('base64url')
    const odd = [
      `${cursor}A`,
      `${cursor}=`,
      ` ${cursor}`,
      cursor.toUpperCase(),
      made,
      'x'.repeat(10_240),
      '%00',
      '%FF',
      "' or 1=1 --"
    ]
    for (const bad of [...altered, ...cut, ...foreign, ...odd]) {
      const answer = await call('GET', `${path}?cursor=${bad.includes('%') ? bad : encodeURIComponent(bad)}`)
      expect(faultsIn(answer), bad).toEqual(['query.cursor: cursor_mismatch'])
    }
    expect(faultsIn(await call('GET', `${path}?completed=true&cursor=${cursor}`))).toEqual([
      'query.cursor: cursor_mismatch'
    ])
  })
})

test('the largest page is the default, and a longer list has a Link', async () => {
  const service = await start({ DATABASE_URL: 'pglite:memory' })
  const path = '/api/u/tasks'
  await createMany(service.call, path, 1001)
  const pages = await walk(service.call, path)
  expect(pages.map(({ length }) => length)).toEqual([1000, 1])
  expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(1001)
  expect(await walk(service.call, `${path}?limit=1000`)).toEqual(pages)
  await service.stop()
})

describe('tasks created in one microsecond', () => {
  test.each(databases.filter(({ name }) => name !== 'the embedded PostgreSQL'))(
    'come each once, on $name',
    async ({ create }) => {
      const environment = await create()
      const service = await start(environment)
      const sql = new SQL(environment.DATABASE_URL, { max: 1 })
      await sql`insert into tasks (id, user_id, title, created_at, updated_at)
      select gen_random_uuid(), 'u', n::text, '2026-02-06T10:30:00.123456Z', '2026-02-06T10:30:00.123456Z' from generate_series(1, 50) n`
      await sql.close()
      for (const limit of [1, 3, 50]) {
        const tasks = (await walk(service.call, `/api/u/tasks?limit=${limit}`)).flat()
        expect(tasks).toEqual(inOrder(tasks))
        expect(new Set(ids(tasks)).size).toBe(50)
      }
      await service.stop()
    }
  )
})

describe.skipIf(Boolean(binary))('the query plans', () => {
  test('every form of a page reads one index in its order, without a sort', async () => {
    const url = await (await sharedPostgres()).createDatabase()
    const statements: string[] = []
    const service = await start(
      { DATABASE_URL: url.href },
      { logQuery: (query) => void (/^select "id"/.test(query) && statements.push(query)) }
    )
    const sql = new SQL(url, { max: 1 })
    await sql`insert into tasks (id, user_id, title, completed, created_at)
      select gen_random_uuid(), 'user ' || n % 5, 'x', n % 100 = 0, now() - n * interval '1 second' from generate_series(1, 50000) n`
    await sql`analyze tasks`
    for (const filter of ['', '&completed=true', '&completed=false']) {
      await walk(service.call, `/api/user%201/tasks?limit=1000${filter}`)
    }
    const forms = [...new Set(statements)]
    expect(forms).toHaveLength(4)
    for (const form of forms) {
      const plan = await sql.unsafe(`explain (generic_plan, format json) ${form}`).simple()
      const text = JSON.stringify(plan)
      expect(text, form).toContain('"Node Type":"Index Scan"')
      expect(text, form).toContain('"Scan Direction":"Backward"')
      expect(text, form).not.toMatch(/Sort|Seq Scan|Bitmap/)
    }
    await sql.close()
    await service.stop()
  })
})
