import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { sharedPostgres } from './support/databases.ts'
import { taskIn } from './support/expect.ts'
import { addressOf, type ServiceProcess, spawnService } from './support/process.ts'
import { type Call, callOn } from './support/service.ts'
import { authorizationOf } from './support/tokens.ts'

/** How often the service is stopped under load; more tell more. */
const stops = Number(process.env['STOPS'] ?? 5)

type Running = { service: ServiceProcess; call: Call; database: URL; origin: string }

async function startOnServer(): Promise<Running> {
  const database = await (await sharedPostgres()).createDatabase()
  const service = spawnService({ DATABASE_URL: database.href })
  const url = await addressOf(service)
  return { service, call: callOn(url), database, origin: url.origin }
}

/** Sends a change of a row that somebody else holds, and lets go of the row when told to. */
async function holdUp({ call, database }: Running): Promise<{ answer: ReturnType<Call>; release(): Promise<void> }> {
  const task = taskIn(await call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)
  const sql = new SQL(database, { max: 2 })
  const row = await sql.reserve()
  await row`begin`
  await row`select 1 from tasks for update`
  const answer = call('PATCH', `/api/u/tasks/${task.id}/complete`)
  answer.catch(() => {})
  const waiting = () => sql`select count(*)::int as count from pg_locks where not granted`
  while ((await waiting())[0].count === 0) await Bun.sleep(5)
  return {
    answer,
    async release() {
      await row`rollback`
      row.release()
      await sql.close()
    }
  }
}

test('on SIGTERM the requests in flight finish, and no new connection is taken', async () => {
  const running = await startOnServer()
  const { answer, release } = await holdUp(running)
  running.service.kill('SIGTERM')
  const refused = () =>
    fetch(`${running.origin}/health`).then(
      () => false,
      () => true
    )
  while (!(await refused())) await Bun.sleep(5)
  await release()
  expect(taskIn(await answer).completed).toBe(true)
  // Who would send the next request on the same connection is told not to.
  expect((await answer).headers.get('connection')).toBe('close')
  expect(await running.service.ended).toEqual({ status: 0, error: '' })
})

test('a second signal ends it at once', async () => {
  const running = await startOnServer()
  const { answer, release } = await holdUp(running)
  running.service.kill('SIGTERM')
  while (!running.service.output().includes('SIGTERM: stopping')) await Bun.sleep(5)
  running.service.kill('SIGINT')
  expect((await running.service.ended).status).toBe(1)
  expect(await answer.catch(() => 'cut')).toBe('cut')
  await release()
})

test('a stop under load fails no request that was accepted', async () => {
  for (let stop = 0; stop < stops; stop++) {
    const { service, origin } = await startOnServer()
    let answered = 0
    const failures: string[] = []
    const headers = authorizationOf('u')
    /** Asks on kept connections until the service is gone. */
    const client = async () => {
      for (;;) {
        try {
          const answer = await fetch(`${origin}/api/u/tasks`, { headers })
          await answer.text()
          if (answer.status === 200) answered++
          else failures.push(String(answer.status))
        } catch (error) {
          const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
          if (!/ConnectionRefused|ECONNREFUSED/.test(code)) failures.push(code)
          return
        }
      }
    }
    const clients = Array.from({ length: 16 }, client)
    while (answered < 200) await Bun.sleep(1)
    service.kill('SIGTERM')
    await Promise.all(clients)
    expect(failures).toEqual([])
    expect(await service.ended).toEqual({ status: 0, error: '' })
  }
})
