import { expect, test } from 'bun:test'
import { taskIn, tasksIn } from './support/expect.ts'
import { newUser, onEveryDatabase } from './support/service.ts'

/** How many changes are made quickly; more tell more. */
const changes = Number(process.env['CHANGES'] ?? 1000)

onEveryDatabase((call) => {
  test('updated_at is greater after every change, created_at stays', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: 'x' } }), 201)
    const times = [task.updated_at]
    for (let change = 0; change < 100; change++) {
      const answer =
        change % 2 === 0
          ? await call('PATCH', `${path}/${task.id}/complete`)
          : await call('PUT', `${path}/${task.id}`, { json: { title: 'x' } })
      const { created_at, updated_at } = taskIn(answer)
      expect(created_at).toBe(task.created_at)
      times.push(updated_at)
    }
    expect(new Set(times).size).toBe(101)
    expect(times).toEqual(times.toSorted())
  })

  test('changes that race leave distinct times', async () => {
    const path = `/api/${newUser()}/tasks`
    const task = taskIn(await call('POST', path, { json: { title: 'x' } }), 201)
    const answers = await Promise.all(Array.from({ length: 50 }, () => call('PATCH', `${path}/${task.id}/complete`)))
    const changed = answers.map((answer) => taskIn(answer))
    expect(new Set(changed.map(({ updated_at }) => updated_at)).size).toBe(50)
    expect(changed.filter(({ completed }) => completed)).toHaveLength(25)
    expect(taskIn(await call('GET', `${path}/${task.id}`)).completed).toBe(false)
  })

  test('times are those of the clock', async () => {
    const path = `/api/${newUser()}/tasks`
    const before = new Date(Date.now() - 1000).toISOString()
    const { created_at } = taskIn(await call('POST', path, { json: { title: 'x' } }), 201)
    expect(created_at > before).toBe(true)
    expect(created_at < new Date(Date.now() + 1000).toISOString()).toBe(true)
  })

  test('many quick changes of one task stay close to the clock, each later than the one before', async () => {
    const path = `/api/${newUser()}/tasks`
    const { id } = taskIn(await call('POST', path, { json: { title: 'x' } }), 201)
    const times: string[] = []
    let ahead = 0
    const client = async () => {
      while (times.length < changes) {
        const { updated_at } = taskIn(await call('PATCH', `${path}/${id}/complete`))
        ahead = Math.max(ahead, Date.parse(updated_at) - Date.now())
        times.push(updated_at)
      }
    }
    await Promise.all(Array.from({ length: 10 }, client))
    expect(new Set(times).size).toBe(times.length)
    expect(ahead).toBeLessThan(20)
    const { updated_at } = taskIn(await call('GET', `${path}/${id}`))
    expect(updated_at).toBe(times.toSorted().at(-1) ?? '')
  })

  test('the list is newest first', async () => {
    const path = `/api/${newUser()}/tasks`
    const ids: string[] = []
    for (let task = 0; task < 50; task++) ids.push(taskIn(await call('POST', path, { json: { title: 'x' } }), 201).id)
    const tasks = tasksIn(await call('GET', path))
    expect(tasks.map(({ id }) => id)).toEqual(ids.toReversed())
  })
})
