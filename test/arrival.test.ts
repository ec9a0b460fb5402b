import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { readConfig } from '../src/config.ts'
import { lock } from '../src/database/migrate.ts'
import { createJsonLogger } from '../src/log.ts'
import { startService } from '../src/service.ts'
import { sharedPostgres } from './support/databases.ts'
import { problemIn, tasksIn } from './support/expect.ts'
import { freePort } from './support/free-port.ts'
import { startPostgres } from './support/postgres.ts'
import { type ServiceProcess, spawnService } from './support/process.ts'
import { callOn } from './support/service.ts'
import { startWebSocketProxy } from './support/websocket-proxy.ts'

/** Waits until the service has said so often that it waits. */
async function saysThatItWaits(service: ServiceProcess, times: number): Promise<void> {
  while (service.output().split('is not there yet').length <= times) await Bun.sleep(5)
}

test('a database that comes later is waited for, and the service is alive and not ready meanwhile', async () => {
  const postgres = await startPostgres()
  const proxy = startWebSocketProxy()
  const drivers: Record<string, string>[] = [{}, { NEON_WS_PROXY: proxy.address }]
  const databases = await Promise.all(drivers.map(() => postgres.createDatabase()))
  await postgres.kill()

  const services = drivers.map((driver, index) => {
    const port = freePort()
    const service = spawnService({ ...driver, DATABASE_URL: databases[index]?.href ?? '', PORT: String(port) })
    return { service, call: callOn(new URL(`http://127.0.0.1:${port}`)) }
  })
  for (const { service, call } of services) {
    await saysThatItWaits(service, 2)
    expect((await call('GET', '/health')).status).toBe(200)
    expect((await call('GET', '/docs')).status).toBe(200)
    problemIn(await call('GET', '/ready'), 503, 'database_unavailable')
    problemIn(await call('GET', '/api/u/tasks'), 503, 'database_unavailable')
    expect(service.output()).not.toContain('listens on')
  }
  await postgres.restart()
  for (const { service, call } of services) {
    expect(await service.url).toBeDefined()
    expect((await call('GET', '/ready')).status).toBe(200)
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([])
    service.kill('SIGTERM')
    expect(await service.ended).toEqual({ status: 0, error: '' })
  }
  await proxy.stop()
  await postgres.stop()
}, 60_000)

test('a service that waits can be told to stop', async () => {
  const service = spawnService({ DATABASE_URL: 'postgres://u:p@127.0.0.1:1/db' })
  await saysThatItWaits(service, 1)
  service.kill('SIGTERM')
  expect(await service.ended).toEqual({ status: 0, error: '' })
  expect(service.output()).not.toContain('p@127.0.0.1')
})

test('what is told to stop while it waits asks no longer', async () => {
  const log = createJsonLogger('silent', { write() {} })
  const service = await startService(readConfig({ PORT: '0', DATABASE_URL: 'postgres://u:p@127.0.0.1:1/db' }), log)
  const outcome = service.ready.then(
    () => 'ready',
    (error: unknown) => error
  )
  await service.stop()
  expect(await outcome).toMatchObject({ name: 'AbortError' })
})

test('a service whose migrations wait for those of another is not ready, and asks nothing of tables that are not there', async () => {
  const url = await (await sharedPostgres()).createDatabase()
  const port = freePort()
  const sql = new SQL(url, { max: 1 })
  const release = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const other = sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${lock})`
    locked.resolve()
    await release.promise
  })
  await locked.promise
  const service = spawnService({ DATABASE_URL: url.href, PORT: String(port) })
  const call = callOn(new URL(`http://127.0.0.1:${port}`))
  while (
    !(await call('GET', '/health').then(
      ({ status }) => status === 200,
      () => false
    ))
  )
    await Bun.sleep(20)
  problemIn(await call('GET', '/ready'), 503, 'database_unavailable')
  problemIn(await call('GET', '/api/u/tasks'), 503, 'database_unavailable')
  release.resolve()
  await other
  await service.url
  expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([])
  service.kill('SIGTERM')
  expect(await service.ended).toEqual({ status: 0, error: '' })
  await sql.close()
})
