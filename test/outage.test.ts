import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { addressOf, type ServiceProcess, spawnService } from './support/process.ts'
import { type Answer, type Call, callOn, untilReady } from './support/service.ts'
import { startWebSocketProxy, type WebSocketProxy } from './support/websocket-proxy.ts'

let postgres: PostgresServer
let proxy: WebSocketProxy
beforeAll(async () => {
  postgres = await startPostgres()
  proxy = startWebSocketProxy()
}, 60_000)
afterAll(async () => {
  await proxy.stop()
  await postgres.stop()
})

async function startThrough(driver: string): Promise<{ service: ServiceProcess; call: Call }> {
  const DATABASE_URL = (await postgres.createDatabase()).href
  const service = spawnService({ DATABASE_URL, ...(driver === 'Neon' && { NEON_WS_PROXY: proxy.address }) })
  const url = await addressOf(service)
  return { service, call: callOn(url) }
}

async function timed(answer: Promise<Answer>): Promise<Answer & { took: number }> {
  const began = performance.now()
  return { ...(await answer), took: performance.now() - began }
}

async function stop(service: ServiceProcess): Promise<void> {
  service.kill('SIGTERM')
  expect(await service.ended).toEqual({ status: 0, error: '' })
}

// The bounds have some slack for machines that are busy with other things.
describe.each(['Bun', 'Neon'])("through %s's driver", (driver) => {
  test('a refused database makes 503 within a second, and its return is noticed within one', async () => {
    const { service, call } = await startThrough(driver)
    const task = taskIn(await call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)
    await postgres.kill()
    for (const request of [
      call('GET', '/api/u/tasks'),
      call('PATCH', `/api/u/tasks/${task.id}/complete`),
      call('GET', '/ready')
    ]) {
      const answer = await timed(request)
      problemIn(answer, 503, 'database_unavailable')
      expect(answer.took).toBeLessThan(2000)
    }
    await postgres.restart()
    expect(await untilReady(call)).toBeLessThan(2000)
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([task])
    taskIn(await call('PATCH', `/api/u/tasks/${task.id}/complete`))
    await stop(service)
  }, 60_000)

  test('a read does not notice that its connection was lost', async () => {
    const { service, call } = await startThrough(driver)
    const task = taskIn(await call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)
    await Promise.all(Array.from({ length: 10 }, () => call('GET', '/api/u/tasks')))
    await postgres.kill()
    await postgres.restart()
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('GET', '/api/u/tasks')))
    for (const answer of answers) expect(tasksIn(answer)).toEqual([task])
    await stop(service)
  }, 60_000)
})

test('a frozen database makes 503 within ten seconds, keeps nobody from leaving, and serves again when it thaws', async () => {
  const staying = await Promise.all([startThrough('Bun'), startThrough('Neon')])
  const leaving = await Promise.all([startThrough('Bun'), startThrough('Neon')])
  const lists = await Promise.all([...staying, ...leaving].map(({ call }) => call('GET', '/api/u/tasks')))
  expect(lists.flatMap(tasksIn)).toEqual([])

  await postgres.signal('SIGSTOP')
  const began = performance.now()
  const departures = leaving.map(async ({ service, call }) => {
    const waiting = call('GET', '/api/u/tasks').catch(() => undefined)
    // Once this is answered, the one before it is under way.
    await call('GET', '/health')
    await stop(service)
    expect(performance.now() - began).toBeLessThan(11_000)
    await waiting
  })
  const requests = staying.flatMap(({ call }) => [
    call('GET', '/api/u/tasks'),
    call('POST', '/api/u/tasks', { json: { title: 'x' } }),
    call('GET', '/ready')
  ])
  const health = await Promise.all(staying.map(({ call }) => timed(call('GET', '/health'))))
  for (const { status, took } of health) expect([status, took < 1000]).toEqual([200, true])
  for (const answer of await Promise.all(requests.map(timed))) {
    problemIn(answer, 503, 'database_unavailable')
    expect(answer.took).toBeLessThan(11_000)
  }
  await Promise.all(departures)

  await postgres.signal('SIGCONT')
  for (const { service, call } of staying) {
    expect(await untilReady(call)).toBeLessThan(2000)
    await stop(service)
  }
}, 60_000)
