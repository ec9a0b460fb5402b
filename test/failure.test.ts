import { describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { sharedPostgres, sharedProxy } from './support/databases.ts'
import { problemIn, tasksIn } from './support/expect.ts'
import { operations as each } from './support/operations.ts'
import { startPostgres } from './support/postgres.ts'
import { spawnService } from './support/process.ts'
import { type Call, callOn, start } from './support/service.ts'
import { startWebSocketProxy, type WebSocketProxy } from './support/websocket-proxy.ts'

const operations = each.map(([method, below, body]): [string, string, unknown] => [
  method,
  `/api/u/tasks${below}`,
  body && { title: 's3cret' }
])

const drivers: [string, (proxy: WebSocketProxy) => Record<string, string>][] = [
  ["Bun's client", () => ({})],
  ["Neon's driver", ({ address }) => ({ NEON_WS_PROXY: address })]
]

async function expectUnavailable(call: Call): Promise<void> {
  const answers = await Promise.all(operations.map(([method, path, json]) => call(method, path, { json })))
  for (const answer of answers) {
    problemIn(answer, 503, 'database_unavailable')
    expect(answer.headers.get('retry-after')).toBe('1')
  }
  problemIn(await call('GET', '/ready'), 503, 'database_unavailable')
  expect((await call('GET', '/health')).status).toBe(200)
}

describe.each(drivers)('through %s', (_, variables) => {
  test('a database that is gone makes 503, on every operation, and the process lives', async () => {
    const postgres = await startPostgres()
    const proxy = startWebSocketProxy()
    const url = await postgres.createDatabase()
    const service = spawnService({ DATABASE_URL: url.href, ...variables(proxy) })
    const call = callOn((await service.url) ?? url)
    // Some at once, so that connections are left idle.
    const lists = await Promise.all(Array.from({ length: 5 }, () => call('GET', '/api/u/tasks')))
    expect(lists.flatMap(tasksIn)).toEqual([])

    await postgres.kill()
    await expectUnavailable(call)
    await proxy.stop()
    await expectUnavailable(call)

    service.kill('SIGTERM')
    expect(await service.ended).toEqual({ status: 0, error: '' })
    expect(service.output()).toContain('"msg":"the database is unavailable"')
    expect(service.output()).not.toContain('s3cret')
    expect(service.output()).not.toContain(url.password)
    await postgres.stop()
  })

  test('a defect makes 500: told in one sentence, logged with its stack', async () => {
    const url = await (await sharedPostgres()).createDatabase()
    const service = await start({ DATABASE_URL: url.href, ...variables(sharedProxy()) })
    const sql = new SQL(url, { max: 1 })
    await sql`drop table tasks`
    await sql.close()
    for (const [method, path, json] of operations) {
      problemIn(
        await service.call(method, path, { json, headers: { 'x-request-id': 'defect' } }),
        500,
        'internal_error'
      )
    }
    const defects = (await service.logged()).filter(({ level }) => level === 'error')
    expect(defects.map(({ statement }) => String(statement).split(' ', 1)[0])).toEqual([
      'select',
      'insert',
      'select',
      'update',
      'delete',
      'update'
    ])
    for (const defect of defects) {
      expect(defect).toMatchObject({ request_id: 'defect', reason: '42P01 relation "tasks" does not exist' })
      expect(defect['stack']).toContainEqual(expect.stringMatching(/^at .*:\d+:\d+\)$/))
    }
    expect(JSON.stringify(await service.logged())).not.toContain('s3cret')
    await service.stop()
  })
})
