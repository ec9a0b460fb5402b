import { expect, test } from 'bun:test'
import { faultsIn, problemIn, taskIn, tasksIn } from './support/expect.ts'
import { newUser, onEveryDatabase } from './support/service.ts'

onEveryDatabase((call) => {
  const post = (path: string, key: string, json: object = { title: 'x', description: 'd' }) =>
    call('POST', path, { json, headers: { 'idempotency-key': key } })

  test('a creation that is repeated makes one task, and says so', async () => {
    const path = `/api/${newUser()}/tasks`
    const first = await post(path, 'k')
    const task = taskIn(first, 201)
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    // A title is the same when it is stored the same, in quotes or not the key is.
    for (const [key, title] of [
      ['k', 'x'],
      ['"k"', ' x ']
    ]) {
      const again = await post(path, key ?? '', { title, description: 'd' })
      expect(taskIn(again, 201)).toEqual(task)
      expect(again.headers.get('idempotent-replayed')).toBe('true')
      expect(again.headers.get('location')).toBe(`${path}/${task.id}`)
      expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
    }
    expect(tasksIn(await call('GET', path))).toEqual([task])
  })

  test('50 at once make one task', async () => {
    const path = `/api/${newUser()}/tasks`
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(path, 'race')))
    const ids = new Set(answers.map((answer) => taskIn(answer, 201).id))
    expect(ids.size).toBe(1)
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1)
    expect(tasksIn(await call('GET', path))).toHaveLength(1)
  })

  test('a key that is used for a different task is refused while the first is as it was', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await post(path, 'k'), 201)
    for (const json of [
      { title: 'y', description: 'd' },
      { title: 'x' },
      { title: 'x', description: null },
      { title: 'x', description: 'd ' },
      { title: 'X', description: 'd' }
    ]) {
      problemIn(await post(path, 'k', json), 422, 'idempotency_key_reused')
    }
    expect(tasksIn(await call('GET', path))).toEqual([task])
  })

  test('a repeat answers with the task as it now is', async () => {
    const path = `/api/${newUser()}/tasks`
    const { id } = taskIn(await post(path, 'k'), 201)
    const changed = taskIn(await call('PUT', `${path}/${id}`, { json: { title: 'y', completed: true } }))
    const again = await post(path, 'k')
    expect(taskIn(again, 201)).toEqual(changed)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
  })

  test('keys of two users never meet, nor do keys that look alike', async () => {
    const [one, other] = [newUser(), newUser()]
    const keys = ['k', 'K', 'k1', '1', `${other}k`, '\\', '"\\""', '"\\\\\\\\"', '~', '!']
    const ids = new Set<string>()
    for (const user of [one, other]) {
      for (const key of keys) ids.add(taskIn(await post(`/api/${user}/tasks`, key, { title: key }), 201).id)
    }
    expect(ids.size).toBe(2 * keys.length)
    expect(tasksIn(await call('GET', `/api/${other}/tasks`))).toHaveLength(keys.length)
  })

  test('the shortest and the longest keys are keys', async () => {
    const path = `/api/${newUser()}/tasks`
    const long = 'k'.repeat(255)
    const quoted = `"${'\\"'.repeat(255)}"`
    const ids = await Promise.all(['k', long, quoted].map(async (key) => taskIn(await post(path, key), 201).id))
    expect(new Set(ids).size).toBe(3)
    expect(taskIn(await post(path, `"${long}"`), 201).id).toBe(ids[1] ?? '')
  })

  test('a malformed key is refused, and nothing is stored', async () => {
    const path = `/api/${newUser()}/tasks`
    for (const key of [
      '',
      '""',
      '"',
      '"k',
      'k'.repeat(256),
      `"${'k'.repeat(256)}"`,
      'a b',
      '"a b"',
      '"a"b"',
      '"\\k"',
      'caf\u00e9',
      'k\u00a0k',
      'a, b'
    ]) {
      expect(faultsIn(await post(path, key)), key).toEqual(['header.idempotency-key: string_pattern_mismatch'])
    }
    expect(tasksIn(await call('GET', path))).toEqual([])
  })

  test('what is refused uses no key', async () => {
    const path = `/api/${newUser()}/tasks`
    problemIn(await post(path, 'k', { title: '' }), 400, 'validation_failed')
    expect((await post(path, 'k')).headers.get('idempotent-replayed')).toBeNull()
  })

  test('a key makes a new task once the first is deleted', async () => {
    const path = `/api/${newUser()}/tasks`
    const { id } = taskIn(await post(path, 'k'), 201)
    await call('DELETE', `${path}/${id}`)
    const again = await post(path, 'k')
    expect([taskIn(again, 201).id, again.headers.get('idempotent-replayed')]).toEqual([id, null])
  })
})
