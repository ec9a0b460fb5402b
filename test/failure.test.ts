import { describe, expect, test } from 'bun:test'
import { once } from 'node:events'
import { SQL } from 'bun'
import { sharedPostgres, sharedProxy } from './support/databases.ts'
import { problemIn, taskIn } from './support/expect.ts'
import { startPostgres } from './support/postgres.ts'
import { start } from './support/service.ts'

const nobody = '019c32d4-9f40-7000-8000-3f1d2c4b5a69'

const operations: [string, string, unknown][] = [
  ['GET', '/api/u/tasks', undefined],
  ['POST', '/api/u/tasks', { title: 's3cret' }],
  ['GET', `/api/u/tasks/${nobody}`, undefined],
  ['PUT', `/api/u/tasks/${nobody}`, { title: 's3cret' }],
  ['DELETE', `/api/u/tasks/${nobody}`, undefined],
  ['PATCH', `/api/u/tasks/${nobody}/complete`, undefined]
]

const drivers: [string, () => Record<string, string>][] = [
  ["Bun's client", () => ({})],
  ["Neon's driver", () => ({ NEON_WS_PROXY: sharedProxy().address })]
]

describe.each(drivers)('through %s', (_, variables) => {
  test('a database that is gone makes 503, on every operation, and the process lives', async () => {
    const postgres = await startPostgres()
    const url = await postgres.createDatabase()
    const service = await start({ DATABASE_URL: url.href, ...variables() })
    taskIn(await service.call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)

    postgres.process.kill('SIGKILL')
    await once(postgres.process, 'close')
    for (const [method, path, json] of operations) {
      const answer = await service.call(method, path, { json })
      problemIn(answer, 503, 'database_unavailable')
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    problemIn(await service.call('GET', '/ready'), 503, 'database_unavailable')
    expect((await service.call('GET', '/health')).status).toBe(200)

    const reasons = service.log.filter(({ reason }) => reason !== undefined)
    expect(reasons.length).toBeGreaterThanOrEqual(7)
    expect(JSON.stringify(service.log)).not.toContain('s3cret')
    expect(JSON.stringify(service.log)).not.toContain(url.password)
    await service.stop()
    await postgres.stop()
  })

  test('a defect makes 500: told in one sentence, logged with its stack', async () => {
    const url = await (await sharedPostgres()).createDatabase()
    const service = await start({ DATABASE_URL: url.href, ...variables() })
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
    const defects = service.log.filter(({ level }) => level === 50)
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
    expect(JSON.stringify(service.log)).not.toContain('s3cret')
    await service.stop()
  })
})
