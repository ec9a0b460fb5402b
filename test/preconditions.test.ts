import { describe, expect, test } from 'bun:test'
import type { Task } from '../src/tasks/model.ts'
import { tagOfList } from '../src/tasks/preconditions.ts'
import { faultsIn, problemIn, taskIn, tasksIn } from './support/expect.ts'
import { type Answer, type Call, newUser, onEveryDatabase } from './support/service.ts'

const tagOf = ({ headers }: Answer) => headers.get('etag') ?? ''

async function created(call: Call) {
  const path = `/api/${newUser()}/tasks`
  const answer = await call('POST', path, { json: { title: 'x' } })
  return { path, task: taskIn(answer, 201), one: `${path}/${taskIn(answer, 201).id}`, tag: tagOf(answer) }
}

const writes: [string, string, unknown][] = [
  ['PUT', '', { title: 'y' }],
  ['PATCH', '/complete', undefined],
  ['DELETE', '', undefined]
]

const malformed = [
  'x',
  '"',
  '"x',
  'x"',
  'W/',
  'W/x',
  'w/"x"',
  '*, "x"',
  '"x", *',
  '**',
  '"x" "y"',
  '"a"b"',
  ',',
  '"x";q=1',
  "'x'",
  '"x y"'
]

onEveryDatabase((call) => {
  test('a tag is strong, the same for the same state, and another after every change', async () => {
    const { one, tag } = await created(call)
    const tags = [tag]
    expect(tag).toMatch(/^"[!#-~]+"$/)
    expect(tagOf(await call('GET', one))).toBe(tag)
    expect(tagOf(await call('HEAD', one))).toBe(tag)
    for (let change = 0; change < 10; change++) {
      const answer = await call(change % 2 ? 'PATCH' : 'PUT', change % 2 ? `${one}/complete` : one, {
        ...(change % 2 === 0 && { json: { title: 'x' } })
      })
      tags.push(tagOf(answer))
      expect(tagOf(await call('GET', one))).toBe(tagOf(answer))
    }
    expect(new Set(tags).size).toBe(11)
  })

  test('If-None-Match on GET and HEAD answers 304, without a body, to who has it already', async () => {
    const { one, path, tag } = await created(call)
    for (const address of [one, path]) {
      const current = tagOf(await call('GET', address))
      for (const value of [current, `W/${current}`, `"x", ${current}`, `,, ${current} ,`, '*']) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await call(method, address, { headers: { 'if-none-match': value } })
          expect([value, answer.status, answer.text]).toEqual([value, 304, ''])
          expect(tagOf(answer)).toBe(current)
          expect(answer.headers.get('cache-control')).toBe('private, no-cache')
          expect(answer.headers.get('content-type')).toBeNull()
        }
      }
      for (const value of ['"x"', '""', '"*"', `"${current.slice(1, -2)}"`]) {
        expect((await call('GET', address, { headers: { 'if-none-match': value } })).status).toBe(200)
      }
      expect((await call('GET', address, { headers: { 'if-match': current } })).status).toBe(200)
      problemIn(await call('GET', address, { headers: { 'if-match': '"x"' } }), 412, 'precondition_failed')
    }
    await call('PATCH', `${one}/complete`)
    expect((await call('GET', one, { headers: { 'if-none-match': tag } })).status).toBe(200)
  })

  test("a list's tag is of its page: it changes with each change of what the page shows", async () => {
    const { path, one } = await created(call)
    const tag = async (query = '') => tagOf(await call('GET', `${path}${query}`))
    const [first, firstPage] = [await tag(), await tag('?limit=1')]
    expect(firstPage).toBe(first)
    await call('POST', path, { json: { title: 'y' } })
    const [second, secondPage] = [await tag(), await tag('?limit=1')]
    expect(new Set([first, second, secondPage]).size).toBe(3)
    await call('PATCH', `${one}/complete`)
    expect(await tag()).not.toBe(second)
    expect(await tag('?limit=1')).toBe(secondPage)
    await call('DELETE', one)
    expect(new Set([first, second, secondPage, await tag()]).size).toBe(4)
  })

  for (const [method, rest, json] of writes) {
    test(`If-Match on ${method} lets one through whose tag holds`, async () => {
      for (const match of [(tag: string) => tag, (tag: string) => `"x", ${tag}`, () => '*']) {
        const { one, tag } = await created(call)
        expect((await call(method, `${one}${rest}`, { json, headers: { 'if-match': match(tag) } })).status).toBe(200)
      }
    })

    test(`If-Match on ${method} keeps out one whose tag does not hold`, async () => {
      const { one, path, task, tag } = await created(call)
      const current = taskIn(await call('PATCH', `${one}/complete`))
      const stale = tag.slice(1, -1)
      for (const value of [
        tag,
        '"x"',
        '""',
        `W/"${current.updated_at}"`,
        `"${current.updated_at},x"`,
        `"x,${current.updated_at}"`,
        `"${stale}", W/"${current.updated_at}"`,
        `"${"'"}"`,
        '"\\", "x"'
      ]) {
        const answer = await call(method, `${one}${rest}`, { json, headers: { 'if-match': value } })
        problemIn(answer, 412, 'precondition_failed')
      }
      expect(tasksIn(await call('GET', path))).toEqual([current])
      expect(current.id).toBe(task.id)
    })

    test(`If-None-Match on ${method} keeps out one whose tag is the current one`, async () => {
      const { one, tag, task } = await created(call)
      for (const value of [tag, `W/${tag}`, '*', `"x", ${tag}`]) {
        const answer = await call(method, `${one}${rest}`, { json, headers: { 'if-none-match': value } })
        problemIn(answer, 412, 'precondition_failed')
      }
      expect(taskIn(await call('GET', one))).toEqual(task)
      expect((await call(method, `${one}${rest}`, { json, headers: { 'if-none-match': '"x", "*"' } })).status).toBe(200)
    })

    test(`${method} of a task that is not the user's is not found, whatever the tags`, async () => {
      const { one, tag, task } = await created(call)
      for (const header of ['if-match', 'if-none-match']) {
        for (const value of [tag, '"x"', '*']) {
          const foreign = one.replace(task.user_id, newUser())
          problemIn(
            await call(method, `${foreign}${rest}`, { json, headers: { [header]: value } }),
            404,
            'task_not_found'
          )
        }
      }
      expect(taskIn(await call('GET', one))).toEqual(task)
    })

    test(`of 50 that race ${method} with one tag, one wins`, async () => {
      const { one, tag } = await created(call)
      const race = Array.from({ length: 50 }, () =>
        call(method, `${one}${rest}`, { json, headers: { 'if-match': tag } })
      )
      const statuses = (await Promise.all(race)).map(({ status }) => status)
      const late = method === 'DELETE' ? 404 : 412
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === late)).toHaveLength(49)
    })
  }

  test('200 that race to toggle leave the parity, and 200 tags', async () => {
    const { one } = await created(call)
    const answers = await Promise.all(Array.from({ length: 200 }, () => call('PATCH', `${one}/complete`)))
    expect(new Set(answers.map(tagOf)).size).toBe(200)
    expect(answers.filter((answer) => taskIn(answer).completed)).toHaveLength(100)
    expect(taskIn(await call('GET', one)).completed).toBe(false)
  })

  test('a malformed list of tags is refused, and changes nothing', async () => {
    const { one, path, task } = await created(call)
    for (const name of ['if-match', 'if-none-match']) {
      for (const value of [...malformed, `"${'x'.repeat(8000)}"`]) {
        const headers = { [name]: value }
        const fault = `header.${name}: string_pattern_mismatch`
        expect(faultsIn(await call('GET', path, { headers })), value).toEqual([fault])
        expect(faultsIn(await call('GET', one, { headers })), value).toEqual([fault])
        for (const [method, rest, json] of writes) {
          expect(faultsIn(await call(method, `${one}${rest}`, { json, headers })), value).toEqual([fault])
        }
      }
    }
    const both = await call('DELETE', one, { headers: { 'if-match': 'x', 'if-none-match': 'x' } })
    expect(faultsIn(both)).toHaveLength(2)
    expect(taskIn(await call('GET', one))).toEqual(task)
  })
})

test("a list's tag tells tasks apart that changed in one microsecond", () => {
  const task: Task = {
    id: '019c32d4-9f40-7000-8000-3f1d2c4b5a69',
    user_id: 'u',
    title: 'x',
    description: null,
    completed: false,
    created_at: '2026-02-06T10:30:00.000000Z',
    updated_at: '2026-02-06T10:30:00.000000Z'
  }
  const other = { ...task, id: '019c32d4-9f40-7000-8000-3f1d2c4b5a70' }
  const tags = [[task], [other], [task, other], [other, task], []].map((tasks) => tagOfList(tasks, false))
  expect(new Set(tags).size).toBe(5)
})

describe('without preconditions', () => {
  onEveryDatabase((call) => {
    test('the last write wins', async () => {
      const { one } = await created(call)
      taskIn(await call('PUT', one, { json: { title: 'first' } }))
      expect(taskIn(await call('PUT', one, { json: { title: 'last' } })).title).toBe('last')
    })
  })
})
