import { afterAll, beforeAll, expect, test } from 'bun:test'
import { taskIn } from './support/expect.ts'
import { type LogLine, start, type TestService } from './support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await start({ DATABASE_URL: 'pglite:memory' })
})
afterAll(() => service.stop())

/** What is logged while one request is answered. */
async function logged(...request: Parameters<TestService['call']>): Promise<LogLine[]> {
  const before = (await service.logged()).length
  await service.call(...request)
  return (await service.logged()).slice(before)
}

test('every request leaves one line, whatever becomes of it', async () => {
  const task = taskIn(await service.call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)
  const list = '/api/:user_id/tasks'
  const one = `${list}/:task_id`
  const rows: [Parameters<TestService['call']>, string | null, number][] = [
    [['GET', '/api/u/tasks'], list, 200],
    [['POST', '/api/u/tasks', { json: { title: 'x' } }], list, 201],
    [['POST', '/api/u/tasks', { json: { title: '' } }], list, 400],
    [['POST', '/api/u/tasks', { body: 'x' }], list, 415],
    [['GET', `/api/u/tasks/${task.id}`], one, 200],
    [['HEAD', `/api/u/tasks/${task.id}`], one, 200],
    [['GET', '/api/u/tasks/none'], one, 404],
    [['GET', '/api/%zz/tasks'], list, 400],
    [['PATCH', `/api/u/tasks/${task.id}/complete`], `${one}/complete`, 200],
    [['GET', '/nope'], null, 404],
    [['DELETE', '/api/u/tasks'], null, 405],
    [['GET', '/docs'], '/docs', 200],
    [
      ['OPTIONS', list, { headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'PUT' } }],
      null,
      204
    ]
  ]
  for (const [[method, path, content], route, status] of rows) {
    const headers = { ...content?.headers, 'x-request-id': `${method}-${status}` }
    const lines = await logged(method, path, { ...content, headers })
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        request_id: `${method}-${status}`,
        method,
        route,
        status,
        duration_ms: expect.any(Number)
      }
    ])
  }
})

test('whatever a request id has in it, its line is one JSON object', async () => {
  for (const id of ['"', '\\', '","level":"fatal', '\\u0000{}', "'~!"]) {
    expect(await logged('GET', '/api/u/tasks', { headers: { 'x-request-id': id } })).toMatchObject([
      { level: 'info', request_id: id, status: 200 }
    ])
  }
})

test('what probes ask for is logged at debug', async () => {
  for (const path of ['/health', '/ready']) {
    expect(await logged('GET', path)).toMatchObject([{ level: 'debug', route: path, status: 200 }])
  }
})
