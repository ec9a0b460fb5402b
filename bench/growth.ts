/**
 * What the service does as the work grows: with connections from 1 to 5,000, rows from 10 to 2,000,000, titles from 10 to
 * 200 characters. Requests a second, and their ratio to the smallest in the same round.
 *
 * Usage: bun run build && bun bench/growth.ts [ROUNDS [SECONDS]]
 * Needs wrk.
 */
import { SQL } from 'bun'
import { type PostgresServer, startPostgres } from '../test/support/postgres.ts'
import { type Contender, startContender } from './support/contender.ts'
import { median, ratio } from './support/measures.ts'
import { type BenchRequest, type Load, wrk } from './support/wrk.ts'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 2)
const connections = 64

/** One size of the work: where it is sent, what, and over how many connections. */
type Size = { name: string; server: Contender; requests: BenchRequest[]; connections?: number }

async function measure(what: string, sizes: Size[]): Promise<void> {
  const rates = sizes.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, size] of sizes.entries()) {
      const load: Load = { connections: size.connections ?? connections, seconds: round < 0 ? 1 : seconds }
      const { perSecond, failed, broken } = await wrk(size.server.origin, size.requests, load)
      if (failed + broken > 0) throw new Error(`${what}, ${size.name}: ${failed} wrong answers, ${broken} never came`)
      // The first round is to warm up.
      if (round >= 0) rates[index]?.push(perSecond)
    }
  }
  const [first = []] = rates
  for (const [index, { name }] of sizes.entries()) {
    const of = rates[index] ?? []
    console.log(`| ${what}, ${name} | ${Math.round(median(of)).toLocaleString('en')} | ${ratio(of, first)} |`)
  }
}

const start = (url: URL) => startContender(['dist/tasks-api'], { DATABASE_URL: url.href }, '/ready')
const some = <T>(list: T[]) => list.slice(0, 5000)

const read = ({ user_id, id }: { user_id: string; id: string }): BenchRequest => ({
  method: 'GET',
  path: `/api/${user_id}/tasks/${id}`
})
const list = (user_id: string): BenchRequest => ({ method: 'GET', path: `/api/${user_id}/tasks?limit=5` })
const create = (user_id: string, title: string): BenchRequest => ({
  method: 'POST',
  path: `/api/${user_id}/tasks`,
  body: JSON.stringify({ title })
})

/** A service whose table has so many rows, ten or more of each user: a list of five always has a next page. */
async function withRows(postgres: PostgresServer, rows: number) {
  const url = await postgres.createDatabase()
  const server = await start(url)
  const sql = new SQL(url, { max: 1 })
  const users = Math.max(1, Math.floor(rows / 500))
  await sql`insert into tasks (id, user_id, title, created_at, updated_at)
    select uuidv7(), 'user-' || n % ${users}::int, 'Task ' || n, now() - n * interval '1 second', now() - n * interval '1 second'
    from generate_series(1, ${rows}::int) n`
  await sql.unsafe('vacuum analyze tasks')
  await sql.unsafe('checkpoint')
  const stored: { user_id: string; id: string }[] =
    await sql`select user_id, id from tasks tablesample bernoulli (${Math.min(100, 2_000_000 / rows)}) order by random() limit 5000`
  await sql.close()
  return { name: `${rows.toLocaleString('en')} rows`, server, stored }
}

console.log('| work | requests a second | of the smallest |\n|---|---|---|')
const postgres = await startPostgres()

const grown = []
for (const rows of [10, 1000, 100_000, 2_000_000]) grown.push(await withRows(postgres, rows))
await measure(
  'read one',
  grown.map(({ name, server, stored }) => ({ name, server, requests: some(stored).map(read) }))
)
await measure(
  'list 5',
  grown.map(({ name, server, stored }) => ({
    name,
    server,
    requests: some(stored).map(({ user_id }) => list(user_id))
  }))
)
await measure(
  'create',
  grown.map(({ name, server, stored }) => ({
    name,
    server,
    requests: some(stored).map(({ user_id }) => create(user_id, 'x'))
  }))
)

const [, , many] = grown
if (many) {
  const requests = many.stored.map(read)
  await measure(
    'read one',
    [1, 10, 100, 1000, 5000].map((connections) => ({
      name: `${connections.toLocaleString('en')} connections`,
      server: many.server,
      requests,
      connections
    }))
  )
  const ofTitles = (request: (user_id: string, title: string) => BenchRequest) =>
    [10, 50, 100, 200].map((length) => ({
      name: `titles of ${length} characters`,
      server: many.server,
      requests: [request(`titles-${length}`, 'x'.repeat(length))]
    }))
  await measure('create', ofTitles(create))
  await measure('list 5', ofTitles(list))
}
for (const { server } of grown) await server.stop()
await postgres.stop()
