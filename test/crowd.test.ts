import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { SQL } from 'bun'
import { sharedPostgres } from './support/databases.ts'
import { start } from './support/service.ts'
import { authorizationFor } from './support/tokens.ts'

const crowd = 1500

/** Sends one request on a connection of its own. @returns the status of the answer */
function statusOf({ hostname, port }: URL, path: string): Promise<string> {
  const headers = Object.entries({ host: 'x', connection: 'close', ...authorizationFor(path) })
  const request = [`GET ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(request))
    socket.once('data', (answer) => {
      resolve(answer.toString('latin1').slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

test('all of a crowd that asks at once wait for the database, and are answered', async () => {
  const url = await (await sharedPostgres()).createDatabase()
  const service = await start({ DATABASE_URL: url.href })
  const sql = new SQL(url, { max: 1 })
  const locked = Promise.withResolvers<void>()
  const enough = Promise.withResolvers<void>()
  const locking = sql.begin(async (transaction) => {
    await transaction`lock table tasks in access exclusive mode`
    locked.resolve()
    await enough.promise
  })
  await locked.promise
  const statuses = Array.from({ length: crowd }, (_, user) => statusOf(service.url, `/api/user-${user}/tasks`))

  const underWay = async () => {
    const { text } = await service.call('GET', '/metrics')
    const samples = text.matchAll(/^tasks_api_database_(?:connections_in_use|statements_waiting) (\d+)$/gm)
    return [...samples].reduce((sum, [, number]) => sum + Number(number), 0)
  }
  while ((await underWay()) < crowd) await Bun.sleep(5)
  enough.resolve()
  await locking
  const counts = Map.groupBy(await Promise.all(statuses), (status) => status)
  expect([...counts].map(([status, { length }]) => [status, length])).toEqual([['200', crowd]])
  await sql.close()
  await service.stop()
})
