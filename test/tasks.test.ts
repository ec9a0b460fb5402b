import { expect, test } from 'bun:test'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { newUser, onEveryDatabase } from './support/service.ts'

onEveryDatabase((call) => {
  test('a task is created, read, listed, changed, toggled and deleted', async () => {
    const user = newUser()
    const path = `/api/${user}/tasks`

    const created = await call('POST', path, { json: { title: 'Write', description: 'two pages' } })
    const task = taskIn(created, 201)
    expect(task).toMatchObject({ user_id: user, title: 'Write', description: 'two pages', completed: false })
    expect(task.created_at).toBe(task.updated_at)
    expect(created.headers.get('location')).toBe(`${path}/${task.id}`)

    expect(taskIn(await call('GET', `${path}/${task.id}`))).toEqual(task)
    expect(tasksIn(await call('GET', path))).toEqual([task])

    const renamed = taskIn(await call('PUT', `${path}/${task.id}`, { json: { title: 'Read' } }))
    expect(renamed).toEqual({ ...task, title: 'Read', updated_at: renamed.updated_at })

    const done = taskIn(await call('PATCH', `${path}/${task.id}/complete`))
    expect(done).toEqual({ ...renamed, completed: true, updated_at: done.updated_at })
    expect(taskIn(await call('PATCH', `${path}/${task.id}/complete`)).completed).toBe(false)

    const deleted = await call('DELETE', `${path}/${task.id}`)
    expect([deleted.status, deleted.body]).toEqual([200, { message: 'Task deleted successfully' }])
    for (const [method, address] of [
      ['GET', task.id],
      ['DELETE', task.id],
      ['PATCH', `${task.id}/complete`]
    ]) {
      problemIn(await call(method ?? '', `${path}/${address}`), 404, 'task_not_found')
    }
    expect(tasksIn(await call('GET', path))).toEqual([])
  })

  test("a change is of one task alone, and none of the user's others", async () => {
    const path = `/api/${newUser()}/tasks`
    const create = async (title: string) => taskIn(await call('POST', path, { json: { title } }), 201)
    const [before, task, behind] = [await create('a'), await create('b'), await create('c')]
    const changes: [string, string, unknown][] = [
      ['PUT', '', { title: 'x', description: 'y', completed: true }],
      ['PATCH', '/complete', undefined],
      ['DELETE', '', undefined]
    ]
    for (const [method, address, json] of changes) {
      for (const headers of [{ 'if-match': '"none"' }, { 'if-match': '*' }]) {
        await call(method, `${path}/${task.id}${address}`, { json, headers })
        expect(tasksIn(await call('GET', path)).filter(({ id }) => id !== task.id)).toEqual([behind, before])
      }
      await call(method, `${path}/${task.id}${address}`, { json })
      expect(tasksIn(await call('GET', path)).filter(({ id }) => id !== task.id)).toEqual([behind, before])
    }
  })
})
