import { afterAll, beforeAll, expect, expectTypeOf, test } from 'bun:test'
import { treaty } from '@elysiajs/eden'
import createClient from 'openapi-fetch'
import type { App } from '../src/app.ts'
import type { ProblemCode } from '../src/problem.ts'
import type { components, paths } from './clients/openapi.d.ts'
import { newUser, start, type TestService } from './support/service.ts'
import { authorizationOf } from './support/tokens.ts'

let service: TestService
beforeAll(async () => {
  service = await start({ DATABASE_URL: 'pglite:memory' })
})
afterAll(() => service.stop())

const byDocument = (user_id: string) =>
  createClient<paths>({ baseUrl: service.url.origin, headers: authorizationOf(user_id) })

// Unless told not to, Eden makes a Date of every text that looks like one, whatever its type says.
const byApp = (user_id: string) =>
  treaty<App>(service.url.origin, { parseDate: false, headers: authorizationOf(user_id) })

test('a client typed by the OpenAPI document lives the life of a task', async () => {
  // The client percent-encodes it.
  const path = { user_id: `${newUser()}/ö ?` }
  const client = byDocument(path.user_id)

  const created = await client.POST('/api/{user_id}/tasks', {
    params: { path },
    body: { title: 'Write', description: 'two pages' }
  })
  expect(created.response.status).toBe(201)
  const task = present(created.data)
  expectTypeOf(task).toEqualTypeOf<components['schemas']['Task']>()
  expectTypeOf(task.description).toEqualTypeOf<string | null>()
  expect(task).toMatchObject({ ...path, title: 'Write', description: 'two pages', completed: false })

  const listed = await client.GET('/api/{user_id}/tasks', { params: { path } })
  expect(present(listed.data)).toEqual([task])

  const params = { path: { ...path, task_id: task.id } }
  const read = await client.GET('/api/{user_id}/tasks/{task_id}', { params })
  expect(present(read.data)).toEqual(task)

  const updated = await client.PUT('/api/{user_id}/tasks/{task_id}', { params, body: { description: null } })
  expect(present(updated.data)).toMatchObject({ title: 'Write', description: null })

  const toggled = await client.PATCH('/api/{user_id}/tasks/{task_id}/complete', { params })
  expect(present(toggled.data).completed).toBe(true)

  const deleted = await client.DELETE('/api/{user_id}/tasks/{task_id}', { params })
  expect(present(deleted.data).message).toBe('Task deleted successfully')

  const gone = await client.GET('/api/{user_id}/tasks/{task_id}', { params })
  expect(gone.response.status).toBe(404)
  const problem = present(gone.error)
  expectTypeOf(problem.code).toEqualTypeOf<
    | 'validation_failed'
    | 'task_not_found'
    | 'precondition_failed'
    | 'internal_error'
    | 'database_unavailable'
    | 'identity_unavailable'
  >()
  expect(problem.code).toBe('task_not_found')
})

test("Eden's treaty lives the life of a task", async () => {
  const user_id = newUser()
  const { tasks } = byApp(user_id).api({ user_id })

  const created = await tasks.post({ title: 'Write', description: 'two pages' })
  expect(created.status).toBe(201)
  const task = present(created.data)
  expectTypeOf(task.description).toEqualTypeOf<string | null>()
  expectTypeOf(task.created_at).toEqualTypeOf<string>()
  expect(task).toMatchObject({ user_id, title: 'Write', description: 'two pages', completed: false })
  expect(task.created_at).toBeString()

  expect(present((await tasks.get()).data)).toEqual([task])

  const one = tasks({ task_id: task.id })
  expect(present((await one.get()).data)).toEqual(task)
  expect(present((await one.put({ description: null })).data)).toMatchObject({ title: 'Write', description: null })
  expect(present((await one.complete.patch()).data).completed).toBe(true)
  expect(present((await one.delete()).data).message).toBe('Task deleted successfully')

  const gone = await one.get()
  expect(gone.status).toBe(404)
  const { error } = gone
  if (error?.status !== 404) throw new Error('it is still there')
  expectTypeOf(error.value.code).toEqualTypeOf<ProblemCode>()
  expect(error.value.code).toBe('task_not_found')
})

test('what is wrong does not compile', () => {
  // That is for tsc to find: here nothing is called.
  expect([misuseDocument, misuseApp]).toBeArrayOfSize(2)
})

async function misuseDocument() {
  const client = byDocument('u')
  const path = { user_id: 'ada' }
  // @ts-expect-error: a title is missing
  await client.POST('/api/{user_id}/tasks', { params: { path }, body: { description: 'two pages' } })
  // @ts-expect-error: a title is text
  await client.POST('/api/{user_id}/tasks', { params: { path }, body: { title: 1 } })
  // @ts-expect-error: there is no such path
  await client.GET('/api/{user_id}/task', { params: { path } })
  // @ts-expect-error: there is no such method
  await client.DELETE('/api/{user_id}/tasks', { params: { path } })
  // @ts-expect-error: the parameter is user_id
  await client.GET('/api/{user_id}/tasks', { params: { path: { user: 'ada' } } })
  const params = { path: { ...path, task_id: 'one' } }
  // @ts-expect-error: a title is text
  await client.PUT('/api/{user_id}/tasks/{task_id}', { params, body: { title: 1 } })
  // @ts-expect-error: a task_id is missing
  await client.GET('/api/{user_id}/tasks/{task_id}', { params: { path } })
}

async function misuseApp() {
  const { api } = byApp('u')
  const { tasks } = api({ user_id: 'ada' })
  // @ts-expect-error: a title is missing
  await tasks.post({ description: 'two pages' })
  // @ts-expect-error: a title is text
  await tasks.post({ title: 1 })
  // @ts-expect-error: a title is text
  await tasks({ task_id: 'one' }).put({ title: 1 })
  // @ts-expect-error: there is no such path
  await api({ user_id: 'ada' }).task.get()
  // @ts-expect-error: there is no such method
  await tasks.delete()
  // @ts-expect-error: the parameter is user_id
  await api({ user: 'ada' }).tasks.get()
  // @ts-expect-error: the parameter is task_id
  await tasks({ id: 'one' }).get()
}

function present<Value>(value: Value): NonNullable<Value> {
  if (value === undefined || value === null) throw new Error('there is none')
  return value
}
