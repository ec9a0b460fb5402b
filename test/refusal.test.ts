import { describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { sharedPostgres, sharedProxy } from './support/databases.ts'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { addressOf, spawnService } from './support/process.ts'
import { callOn, untilReady } from './support/service.ts'

let roles = 0

/** A service that is nobody special on its server, and somebody there who is. */
async function startAsRole(driver: string) {
  const url = await (await sharedPostgres()).createDatabase()
  const admin = new SQL(url, { max: 1 })
  const role = `role_${process.pid}_${roles++}`
  await admin.unsafe(`create role ${role} login password 'p'`)
  await admin.unsafe(`alter database ${url.pathname.slice(1)} owner to ${role}`)
  await admin.unsafe(`alter schema public owner to ${role}`)
  const theirs = new URL(url)
  theirs.username = role
  theirs.password = 'p'
  const NEON_WS_PROXY = sharedProxy().address
  const service = spawnService({ DATABASE_URL: theirs.href, ...(driver === 'Neon' && { NEON_WS_PROXY }) })
  const address = await addressOf(service)
  return {
    call: callOn(address),
    /** Changes what the role may do, and ends its connections so that it is asked anew. */
    async alter(change: string): Promise<void> {
      await admin.unsafe(`alter role ${role} ${change}`)
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${role}`
    },
    async stop(): Promise<void> {
      service.kill('SIGTERM')
      expect(await service.ended).toEqual({ status: 0, error: '' })
      await admin.close()
    }
  }
}

describe.each(['Bun', 'Neon'])("through %s's driver", (driver) => {
  test('a server that has no connections left makes 503, until it has some', async () => {
    const { call, alter, stop } = await startAsRole(driver)
    const task = taskIn(await call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)
    await alter('connection limit 0')
    problemIn(await call('GET', '/api/u/tasks'), 503, 'database_unavailable')
    problemIn(await call('POST', '/api/u/tasks', { json: { title: 'y' } }), 503, 'database_unavailable')
    await alter('connection limit -1')
    await untilReady(call)
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([task])
    await stop()
  }, 60_000)

  test('a server that is read-only answers reads, and makes 503 of writes', async () => {
    const { call, alter, stop } = await startAsRole(driver)
    const task = taskIn(await call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)
    await alter('set default_transaction_read_only = on')
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([task])
    problemIn(await call('POST', '/api/u/tasks', { json: { title: 'y' } }), 503, 'database_unavailable')
    problemIn(await call('PATCH', `/api/u/tasks/${task.id}/complete`), 503, 'database_unavailable')
    await alter('set default_transaction_read_only = off')
    await untilReady(call)
    expect(taskIn(await call('PATCH', `/api/u/tasks/${task.id}/complete`)).completed).toBe(true)
    await stop()
  }, 60_000)

  test('a server that no longer takes the password makes 503, and says nothing of it to clients', async () => {
    const { call, alter, stop } = await startAsRole(driver)
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([])
    await alter("password 'other'")
    problemIn(await call('GET', '/api/u/tasks'), 503, 'database_unavailable')
    await alter("password 'p'")
    await untilReady(call)
    await stop()
  }, 60_000)
})
