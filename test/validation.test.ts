import { expect, test } from 'bun:test'
import { faultsIn, problemIn, taskIn, tasksIn } from './support/expect.ts'
import { nobody, operations } from './support/operations.ts'
import { type Call, newUser, onEveryDatabase } from './support/service.ts'

const emoji = '😀'

/** A body, and the faults it has for PUT. POST finds the same, and a missing title as well where there is none. */
const badBodies: [string, unknown, string[]][] = [
  ['null', null, ['body: object_type']],
  ['a string', 'title', ['body: object_type']],
  ['a number', 5, ['body: object_type']],
  ['true', true, ['body: object_type']],
  ['an empty array', [], ['body: object_type']],
  ['an array of one task', [{ title: 'x' }], ['body: object_type']],
  ['a null title', { title: null }, ['body.title: string_type']],
  ['a numeric title', { title: 5 }, ['body.title: string_type']],
  ['an object for a title', { title: { text: 'x' } }, ['body.title: string_type']],
  ['an array for a title', { title: ['x'] }, ['body.title: string_type']],
  ['an empty title', { title: '' }, ['body.title: string_too_short']],
  ['a title of spaces', { title: '   ' }, ['body.title: string_pattern_mismatch']],
  ['a title of odd white space', { title: '\t\n\u00a0\u2003\u3000\ufeff' }, ['body.title: string_pattern_mismatch']],
  ['a title too long by one', { title: 'x'.repeat(201) }, ['body.title: string_too_long']],
  ['a title of 201 emoji', { title: emoji.repeat(201) }, ['body.title: string_too_long']],
  [
    'a long title of spaces',
    { title: ' '.repeat(201) },
    ['body.title: string_too_long', 'body.title: string_pattern_mismatch']
  ],
  ['U+0000 in a title', { title: 'a\0b' }, ['body.title: string_unicode']],
  ['a lone high surrogate in a title', { title: 'a\ud83d' }, ['body.title: string_unicode']],
  ['a lone low surrogate in a title', { title: '\ude00a' }, ['body.title: string_unicode']],
  ['a numeric description', { title: 'x', description: 5 }, ['body.description: string_type']],
  ['a boolean for a description', { title: 'x', description: false }, ['body.description: string_type']],
  [
    'a description too long by one',
    { title: 'x', description: 'd'.repeat(1001) },
    ['body.description: string_too_long']
  ],
  ['U+0000 in a description', { title: 'x', description: '\0' }, ['body.description: string_unicode']],
  ['a lone surrogate in a description', { title: 'x', description: '\udc00' }, ['body.description: string_unicode']],
  [
    'two faults',
    { title: '', description: 'd'.repeat(1001) },
    ['body.title: string_too_short', 'body.description: string_too_long']
  ]
]

/** Read-only for POST, so that only PUT has an opinion. */
const badCompleted: [string, unknown][] = [
  ['null', null],
  ['the string true', 'true'],
  ['1', 1],
  ['an empty string', ''],
  ['an array', [true]]
]

type Content = Parameters<Call>[2]
const typed = (type: string, body: string): Content => ({ body, headers: { 'content-type': type } })

/** What is no JSON body at all, with the answer it gets. */
const badContent: [string, Content, number, 'validation_failed' | 'malformed_json' | 'unsupported_media_type'][] = [
  ['no body', {}, 400, 'validation_failed'],
  ['an empty body declared as JSON', typed('application/json', ''), 400, 'validation_failed'],
  ['white space', typed('application/json', ' \n'), 400, 'malformed_json'],
  ['a cut object', typed('application/json', '{"title":"x"'), 400, 'malformed_json'],
  ['a comment', typed('application/json', '{"title":"x"} // x'), 400, 'malformed_json'],
  ['single quotes', typed('application/json', "{'title':'x'}"), 400, 'malformed_json'],
  ['a raw U+0000', typed('application/json', '{"title":"a\0"}'), 400, 'malformed_json'],
  ['deeply nested arrays, unclosed', typed('application/json', '['.repeat(60_000)), 400, 'malformed_json'],
  [
    'bytes that are not UTF-8',
    { body: Buffer.from('{"title":"caf\xe9"}', 'latin1'), headers: { 'content-type': 'application/json' } },
    400,
    'malformed_json'
  ],
  [
    'UTF-16',
    { body: Buffer.from('{"title":"x"}', 'utf16le'), headers: { 'content-type': 'application/json' } },
    400,
    'malformed_json'
  ],
  ['text', typed('text/plain', '{"title":"x"}'), 415, 'unsupported_media_type'],
  ['a form', typed('application/x-www-form-urlencoded', 'title=x'), 415, 'unsupported_media_type'],
  ['XML', typed('application/xml', '<title>x</title>'), 415, 'unsupported_media_type'],
  ['a made-up JSON type', typed('application/jsonx', '{"title":"x"}'), 415, 'unsupported_media_type'],
  ['JSON patch', typed('application/json-patch+json', '[]'), 415, 'unsupported_media_type'],
  ['two types', typed('application/json, text/plain', '{"title":"x"}'), 415, 'unsupported_media_type'],
  ['bytes without a type', { body: new Uint8Array([123, 125]) }, 415, 'unsupported_media_type'],
  [
    'a compressed body',
    {
      body: Bun.gzipSync('{"title":"x"}'),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    },
    415,
    'unsupported_media_type'
  ]
]

const badUsers: [string, string][] = [
  ['too long by one', 'u'.repeat(256)],
  ['256 emoji', encodeURIComponent(emoji.repeat(256))],
  ['U+0000', 'a%00b'],
  ['a line feed', 'a%0Ab'],
  ['delete', '%7F'],
  ['a C1 control character', '%C2%85'],
  ['broken percent-encoding', '%zz'],
  ['percent-encoding that is cut', 'a%2'],
  ['a lone percent sign', '100%'],
  ['a byte that is not UTF-8', '%FF'],
  ['an overlong encoding', '%C0%AF'],
  ['an encoded surrogate', '%ED%A0%80'],
  ['the replacement character', '%EF%BF%BD']
]

onEveryDatabase((call) => {
  for (const [name, json, faults] of badBodies) {
    test(`a body that is or has ${name} is refused and changes nothing`, async () => {
      const path = `/api/${newUser()}/tasks`
      const task = taskIn(await call('POST', path, { json: { title: 'kept', description: 'too' } }), 201)
      expect(faultsIn(await call('POST', path, { json }))).toEqual(faults)
      expect(faultsIn(await call('PUT', `${path}/${task.id}`, { json }))).toEqual(faults)
      expect(tasksIn(await call('GET', path))).toEqual([task])
    })
  }

  for (const [name, completed] of badCompleted) {
    test(`PUT refuses ${name} for completed`, async () => {
      const path = `/api/${newUser()}/tasks`
      const task = taskIn(await call('POST', path, { json: { title: 'kept', completed } }), 201)
      const faults = faultsIn(await call('PUT', `${path}/${task.id}`, { json: { title: 'changed', completed } }))
      expect(faults).toEqual(['body.completed: boolean_type'])
      expect(tasksIn(await call('GET', path))).toEqual([task])
    })
  }

  for (const [name, content, status, code] of badContent) {
    test(`${name} is refused and changes nothing`, async () => {
      const path = `/api/${newUser()}/tasks`
      const task = taskIn(await call('POST', path, { json: { title: 'kept' } }), 201)
      problemIn(await call('POST', path, content), status, code)
      problemIn(await call('PUT', `${path}/${task.id}`, content), status, code)
      expect(tasksIn(await call('GET', path))).toEqual([task])
    })
  }

  test('a title is required for creation, and one property for a change', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: 'kept' } }), 201)
    expect(faultsIn(await call('POST', path, { json: {} }))).toEqual(['body.title: missing'])
    expect(faultsIn(await call('POST', path, { json: { description: 'x' } }))).toEqual(['body.title: missing'])
    expect(faultsIn(await call('PUT', `${path}/${task.id}`, { json: {} }))).toEqual(['body: missing'])
    expect(faultsIn(await call('PUT', `${path}/${task.id}`, { json: { id: nobody, x: 1 } }))).toEqual(['body: missing'])
    expect(tasksIn(await call('GET', path))).toEqual([task])
  })

  test('the longest values are stored whole, counted in code points', async () => {
    const path = `/api/${newUser()}/tasks`
    const json = { title: emoji.repeat(200), description: emoji.repeat(1000) }
    const task = taskIn(await call('POST', path, { json }), 201)
    expect(task).toMatchObject(json)
    expect(taskIn(await call('GET', `${path}/${task.id}`))).toEqual(task)
  })

  test('a user id of 255 code points is one', async () => {
    const user = emoji.repeat(245) + newUser().padEnd(10)
    const path = `/api/${encodeURIComponent(user)}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: 'x' } }), 201)
    expect(task.user_id).toBe(user)
    expect(tasksIn(await call('GET', path))).toEqual([task])
  })

  test('a title is stored trimmed, a description as it is', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: '\u00a0 a  b \n', description: ' \n ' } }), 201)
    expect(task).toMatchObject({ title: 'a  b', description: ' \n ' })
    const json = { title: ' c ', description: '' }
    expect(taskIn(await call('PUT', `${path}/${task.id}`, { json }))).toMatchObject({ title: 'c', description: '' })
  })

  test('a change of one property leaves the others, and null clears the description', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: 'a', description: 'b' } }), 201)
    const change = async (json: object) => {
      const { title, description, completed } = taskIn(await call('PUT', `${path}/${task.id}`, { json }))
      return [title, description, completed]
    }
    expect(await change({ completed: true })).toEqual(['a', 'b', true])
    expect(await change({ title: 'c' })).toEqual(['c', 'b', true])
    expect(await change({ description: null })).toEqual(['c', null, true])
    expect(await change({ description: 'd', completed: false })).toEqual(['c', 'd', false])
  })

  test('unknown and read-only properties take no effect', async () => {
    const user = newUser()
    const path = `/api/${user}/tasks`
    const time = '2001-01-01T00:00:00.000000Z'
    const stray = { id: nobody, user_id: 'mallory', created_at: time, updated_at: time, colour: 'red', toString: 1 }
    const task = taskIn(
      await call('POST', path, { json: { ...stray, title: 'a', completed: true, constructor: {} } }),
      201
    )
    expect(task).toMatchObject({ user_id: user, completed: false })
    expect([task.id, task.created_at, task.updated_at]).not.toContain(nobody)
    expect([task.id, task.created_at, task.updated_at]).not.toContain(time)
    const changed = taskIn(await call('PUT', `${path}/${task.id}`, { json: { ...stray, title: 'b' } }))
    expect(changed).toEqual({ ...task, title: 'b', updated_at: changed.updated_at })
    expect(changed.updated_at > task.updated_at).toBe(true)
    const proto = typed('application/json', '{"title":"c","__proto__":{"completed":true,"description":"x"}}')
    expect(taskIn(await call('POST', path, proto), 201)).toMatchObject({ completed: false, description: null })
  })

  test('a byte order mark, a charset and a repeated property are taken as JSON takes them', async () => {
    const path = `/api/${newUser()}/tasks`
    const marked = typed('Application/JSON ; charset=utf-8', '\ufeff{"title":"a","title":"b"}')
    expect(taskIn(await call('POST', path, marked), 201).title).toBe('b')
  })

  for (const [name, user] of badUsers) {
    test(`a user id that is or has ${name} is refused by every operation`, async () => {
      for (const [method, rest, json] of operations) {
        const faults = faultsIn(await call(method, `/api/${user}/tasks${rest}`, { json }))
        expect(faults, method).toHaveLength(1)
        expect(faults[0], method).toStartWith('path.user_id: ')
      }
    })
  }

  for (const id of [
    '0',
    'null',
    'x'.repeat(5000),
    `urn:uuid:${nobody}`,
    `{${nobody}}`,
    nobody.replaceAll('-', ''),
    '%00',
    '%zz',
    '%FF',
    "'--"
  ]) {
    test(`a task_id such as ${id.slice(0, 60)} is a task that does not exist`, async () => {
      const path = `/api/${newUser()}/tasks/${id}`
      problemIn(await call('GET', path), 404, 'task_not_found')
      problemIn(await call('PUT', path, { json: { title: 'x' } }), 404, 'task_not_found')
      problemIn(await call('DELETE', path), 404, 'task_not_found')
      problemIn(await call('PATCH', `${path}/complete`), 404, 'task_not_found')
    })
  }

  test('a task_id may be in upper case', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: 'x' } }), 201)
    expect(taskIn(await call('GET', `${path}/${task.id.toUpperCase()}`))).toEqual(task)
  })

  test('a body of 64 KiB is read, and one byte more is not', async () => {
    const path = `/api/${newUser()}/tasks`
    const ofLength = (length: number) => `{"title":"x","filler":"${'f'.repeat(length - 25)}"}`
    expect(ofLength(65_536)).toHaveLength(65_536)
    taskIn(await call('POST', path, typed('application/json', ofLength(65_536))), 201)
    problemIn(await call('POST', path, typed('application/json', ofLength(65_537))), 413, 'payload_too_large')
    problemIn(await call('POST', path, typed('application/json', ofLength(5_000_000))), 413, 'payload_too_large')
    expect(tasksIn(await call('GET', path))).toHaveLength(1)
  })

  test('a body where none is expected is left unread', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: 'x' } }), 201)
    expect(taskIn(await call('PATCH', `${path}/${task.id}/complete`, { json: 'nonsense' })).completed).toBe(true)
    expect((await call('DELETE', `${path}/${task.id}`, typed('text/plain', 'y'.repeat(100_000)))).status).toBe(200)
  })
})
