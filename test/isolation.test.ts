import { expect, test } from 'bun:test'
import { databases } from './support/databases.ts'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { nobody } from './support/operations.ts'
import { binary } from './support/process.ts'
import { type Answer, newUser, onEveryDatabase, start } from './support/service.ts'

const onOneTask: [string, string, unknown][] = [
  ['GET', '', undefined],
  ['PUT', '', { title: 'taken' }],
  ['DELETE', '', undefined],
  ['PATCH', '/complete', undefined]
]

/** All that a client sees, but for what is of this one exchange. */
function seen({ status, headers, text }: Answer) {
  const fields = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date')
  return { status, text, fields: fields.sort() }
}

onEveryDatabase((call) => {
  for (const [method, rest, json] of onOneTask) {
    test(`${method} …${rest} of another user's task is ${method} of one that never existed`, async () => {
      const [owner, other] = [newUser(), newUser()]
      const task = taskIn(await call('POST', `/api/${owner}/tasks`, { json: { title: 'private' } }), 201)
      const foreign = await call(method, `/api/${other}/tasks/${task.id}${rest}`, { json })
      const missing = await call(method, `/api/${other}/tasks/${nobody}${rest}`, { json })
      problemIn(foreign, 404, 'task_not_found')
      expect(seen(foreign)).toEqual(seen(missing))
      expect(taskIn(await call('GET', `/api/${owner}/tasks/${task.id}`))).toEqual(task)
      expect(tasksIn(await call('GET', `/api/${other}/tasks`))).toEqual([])
    })
  }

  test('a list and a new task are of the user in the path alone', async () => {
    const [owner, other] = [newUser(), newUser()]
    const json = { title: 'mine', user_id: other, id: nobody }
    const task = taskIn(await call('POST', `/api/${owner}/tasks`, { json }), 201)
    expect(task.user_id).toBe(owner)
    expect(tasksIn(await call('GET', `/api/${owner}/tasks`))).toEqual([task])
    expect(tasksIn(await call('GET', `/api/${other}/tasks`))).toEqual([])
  })

  test('ids that look alike are different users', async () => {
    const user = newUser()
    const alike = [
      'é',
      'e\u0301',
      'É',
      'e',
      'é ',
      ' é',
      'é%20',
      '%C3%A9',
      'é/',
      'é?',
      'é#',
      'é\\',
      'é+',
      'é;x',
      "é'",
      'é%'
    ]
    const ids = alike.map((suffix) => user + suffix)
    for (const id of ids) {
      const json = { title: id }
      expect(taskIn(await call('POST', `/api/${encodeURIComponent(id)}/tasks`, { json }), 201).user_id).toBe(id)
    }
    for (const id of ids) {
      const titles = tasksIn(await call('GET', `/api/${encodeURIComponent(id)}/tasks`)).map(({ title }) => title)
      expect(titles).toEqual([id.trim()])
    }
  })
})

/** @returns the terms, innermost first, in which something else would do instead of the owner */
function alternativesToOwner(query: string): string[] {
  const found: string[] = []
  const flatten = (term: string) => {
    if (/user_id.*\bor\b|\bor\b.*user_id/is.test(term)) found.push(term)
    return term.includes('user_id') ? 'user_id' : '…'
  }
  let flat = query
  while (/\([^()]*\)/.test(flat)) flat = flat.replace(/\([^()]*\)/g, flatten)
  flatten(flat)
  return found
}

test.skipIf(Boolean(binary)).each(databases)(
  'every statement on tasks is bound to its user, on $name',
  async ({ create }) => {
    const statements: { query: string; params: unknown[] }[] = []
    const service = await start(await create(), { logQuery: (query, params) => statements.push({ query, params }) })
    try {
      statements.length = 0
      const path = '/api/the-owner/tasks'
      const task = taskIn(await service.call('POST', path, { json: { title: 'x' } }), 201)
      tasksIn(await service.call('GET', path))
      taskIn(await service.call('GET', `${path}/${task.id}`))
      taskIn(await service.call('PUT', `${path}/${task.id}`, { json: { title: 'y' } }))
      taskIn(await service.call('PATCH', `${path}/${task.id}/complete`))
      expect((await service.call('DELETE', `${path}/${task.id}`)).status).toBe(200)

      const verbs = statements.map(({ query }) => query.split(' ', 1)[0])
      expect(verbs).toEqual(['insert', 'select', 'select', 'update', 'update', 'delete'])
      for (const { query, params } of statements) {
        const owner = params.indexOf('the-owner') + 1
        expect(owner, query).toBeGreaterThan(0)
        const binding = query.startsWith('insert')
          ? `insert into "tasks" ("id", "user_id", "title", "description", "completed", "created_at", "updated_at") values ($1, $${owner}, `
          : `"tasks"."user_id" = $${owner}`
        expect(query).toContain(binding)
        expect(alternativesToOwner(query)).toEqual([])
      }
    } finally {
      await service.stop()
    }
  }
)

test('a statement in which something else would do instead of the owner is found', () => {
  expect(alternativesToOwner('delete from t where (user_id = $1 and (a is null or b)) returning id')).toEqual([])
  for (const where of ['user_id = $1 or a', '((user_id = $1 and a) or b)', '(a or (b and (user_id = $1)))']) {
    expect(alternativesToOwner(`delete from t where ${where}`)).toHaveLength(1)
  }
})
