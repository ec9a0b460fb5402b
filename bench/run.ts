/**
 * How fast the service is, against what the machine allows and against what is common: all on one PostgreSQL server, in turns
 * within one run. Prints a table, and writes it to bench/results.md and bench/results.svg.
 *
 * Usage: bun run bench [--rounds N] [--seconds N] [--connections N]
 * Needs wrk; pgbench, and Python with fastapi, sqlmodel, greenlet, asyncpg, uvicorn, uvloop and httptools (PYTHON names it) take part
 * where they are.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { SQL } from 'bun'
import { startPostgres } from '../test/support/postgres.ts'
import { startWebSocketProxy } from '../test/support/websocket-proxy.ts'
import { chart } from './support/chart.ts'
import { type Contender, startContender } from './support/contender.ts'
import { median, ratio } from './support/measures.ts'
import { clients, hasPgbench, pgbench } from './support/pgbench.ts'
import { type Result, wrk } from './support/wrk.ts'
import { longest, rich, type Stored, tasksEach, users, type Workload, workloads } from './workloads.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' }
  }
})
function whole(text: string): number {
  const number = Number(text)
  if (!(number >= 1)) throw new Error('--rounds, --seconds and --connections are numbers from 1')
  return number
}
const rounds = whole(values.rounds)
const seconds = whole(values.seconds)
const connections = whole(values.connections)
const load = { connections, seconds }

/** What a PostgreSQL on two cores serves best; everybody has it. */
const pool = { DATABASE_POOL_SIZE: '4' }

type Rates = Map<string, number[]>
/** A server, and the tasks that it has where they are its own. */
type Entrant = { name: string; server: Contender; own?: Stored[] }

const service = ['dist/tasks-api']
const bare = [process.execPath, '--no-env-file', 'bench/bare.ts']

async function fastapi(DATABASE_URL: string): Promise<Entrant[]> {
  const python = process.env['PYTHON'] ?? 'python3'
  const { exitCode } = Bun.spawnSync([
    python,
    '-c',
    'import fastapi, sqlmodel, greenlet, asyncpg, uvicorn, uvloop, httptools'
  ])
  if (exitCode !== 0) return []
  const command = `exec ${python} -m uvicorn app:app --port $PORT --log-level warning --no-access-log --app-dir bench/fastapi`
  return [{ name: 'FastAPI', server: await startContender(['sh', '-c', command], { DATABASE_URL, ...pool }, '/ready') }]
}

/** The tasks are numbered, so that pgbench can name them too. */
async function seed(sql: SQL): Promise<Stored[]> {
  await sql`insert into tasks (id, user_id, title, description)
    select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user-' || n % ${users}::int, 'Task ' || n, 'Two pages, by Friday'
    from generate_series(1, ${users * tasksEach}::int) n`
  await sql`insert into tasks (id, user_id, title) select gen_random_uuid(), ${rich}, 'Task ' || n from generate_series(1, ${longest}::int) n`
  await sql.unsafe('vacuum analyze tasks')
  return await sql`select id, user_id from tasks where user_id <> ${rich} order by random()`
}

/** Runs a workload on everybody in turns, the first time to warm up. @returns requests a second, a round each */
async function measure(workload: Workload, entrants: Entrant[], stored: Stored[], sql?: SQL): Promise<Rates> {
  const statement = sql && hasPgbench ? workload.pgbench : undefined
  const rates: Rates = new Map(entrants.map(({ name }) => [name, []]))
  const bench: number[] = []
  if (statement) rates.set('pgbench', bench)
  for (let round = -1; round < rounds; round++) {
    for (const { name, server, own } of entrants) {
      const requests = workload.requests(workload.renew && sql ? await workload.renew(sql) : (own ?? stored))
      const result = await wrk(server.origin, requests, round < 0 ? { ...load, seconds: 1 } : load)
      const wrong = workload.succeeds ? result.failed : result.requests - result.failed
      // Who is faster than expected has deleted all there was.
      const excused = workload.renew ? result.requests - requests.length : 0
      if (result.broken + wrong > Math.max(0, excused)) {
        throw new Error(`${workload.name}, ${name}: ${wrong} wrong answers, ${result.broken} never came`)
      }
      if (round >= 0) rates.get(name)?.push(result.perSecond - wrong / seconds)
    }
    if (statement && round >= 0) bench.push(await pgbench(url, statement, seconds))
  }
  return rates
}

const rows: string[][] = []
const bars: { label: string; values: Record<string, number> }[] = []

const share = (of?: number[], to?: number[]) => (of && to ? ratio(of, to) : '')
const show = (rates: number[] | undefined) => (rates ? Math.round(median(rates)).toLocaleString('en') : '')

const postgres = await startPostgres()
const url = await postgres.createDatabase()
const DATABASE_URL = url.href
const sql = new SQL(url, { max: 1 })
const asShipped = await startContender(service, { DATABASE_URL, ...pool }, '/ready')
const stored = await seed(sql)
const entrants: Entrant[] = [
  { name: 'service', server: asShipped },
  {
    name: 'without log',
    server: await startContender(service, { DATABASE_URL, ...pool, LOG_LEVEL: 'warn' }, '/ready')
  },
  { name: 'bare', server: await startContender(bare, { DATABASE_URL, ...pool }, '/ready') },
  ...(await fastapi(DATABASE_URL))
]

for (const workload of workloads) {
  // Nobody pays for what others have left.
  await sql.unsafe('vacuum analyze tasks')
  await sql.unsafe('checkpoint')
  const rates = await measure(workload, entrants, stored, sql)
  const of = (name: string) => rates.get(name)
  rows.push([
    workload.name,
    show(of('service')),
    share(of('service'), of('bare')),
    share(of('without log'), of('bare')),
    share(of('service'), of('pgbench')),
    share(of('service'), of('FastAPI'))
  ])
  bars.push({
    label: workload.name,
    values: Object.fromEntries(entrants.map(({ name }) => [name, median(rates.get(name) ?? [])]))
  })
  console.error(rows.at(-1)?.join(' | '))
}

/** How long answers take while half as many requests are sent as could be answered. */
const latencies: string[][] = []
const mix = workloads.find(({ name }) => name === 'mix')
for (const connections of mix ? [100, 1000] : []) {
  for (const { name, server } of entrants.filter(({ name }) => ['service', 'bare'].includes(name))) {
    const requests = mix?.requests(stored) ?? []
    const peaks: number[] = []
    const halves: Result[] = []
    for (let round = 0; round < rounds; round++) {
      const peak = await wrk(server.origin, requests, { connections, seconds })
      peaks.push(peak.perSecond)
      halves.push(await wrk(server.origin, requests, { connections, seconds, rate: peak.perSecond / 2 }))
    }
    const middle = (of: (result: Result) => number) => median(halves.map(of))
    latencies.push([
      `${name}, ${connections.toLocaleString('en')} connections`,
      show(peaks),
      show(halves.map(({ perSecond }) => perSecond)),
      ...(['p50', 'p95', 'p99'] as const).map((part) => middle(({ latency }) => latency[part]).toFixed(2)),
      middle(({ latency }) => latency.p99 / latency.p50).toFixed(1)
    ])
    console.error(latencies.at(-1)?.join(' | '))
  }
}
for (const { server } of entrants) await server.stop()

/** Reads and creations of two, as the first to the second. */
async function compare(name: string, first: Entrant, second: Entrant): Promise<void> {
  for (const workload of workloads.filter(({ name }) => ['read one', 'create'].includes(name))) {
    const rates = await measure(workload, [first, second], stored)
    const [of, to] = [rates.get(first.name), rates.get(second.name)]
    others.push([`${name}, ${workload.name}`, show(of), share(of, to)])
    console.error(others.at(-1)?.join(' | '))
  }
  await first.server.stop()
  await second.server.stop()
}

const others: string[][] = []

const proxy = startWebSocketProxy()
const throughNeon = { DATABASE_URL, ...pool, NEON_WS_PROXY: proxy.address }
await compare(
  "through Neon's driver, against Bun's",
  { name: 'Neon', server: await startContender(service, throughNeon, '/ready') },
  { name: 'Bun', server: await startContender(service, { DATABASE_URL, ...pool }, '/ready') }
)
await proxy.stop()
await compare('embedded, against bare PGlite', await embedded('service', service), await embedded('bare', bare))

/** An entrant on a PGlite of its own, with some tasks in it. */
async function embedded(name: string, command: string[]): Promise<Entrant> {
  const server = await startContender(command, { DATABASE_URL: 'pglite:memory' }, '/ready')
  return { name, server, own: await createSome(server) }
}

async function createSome({ origin }: Contender): Promise<Stored[]> {
  const created: Stored[] = []
  for (let index = 0; index < 1000; index++) {
    const answer = await fetch(`${origin}/api/user-${index % 10}/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: `Task ${index}` })
    })
    created.push(await answer.json().then(asStored))
  }
  return created
}

function asStored(task: unknown): Stored {
  if (!(task instanceof Object && 'id' in task && 'user_id' in task)) throw new Error('no task')
  return { id: String(task.id), user_id: String(task.user_id) }
}

const [one, two] = [
  await startContender(service, { DATABASE_URL, ...pool }, '/ready'),
  await startContender(service, { DATABASE_URL, ...pool }, '/ready')
]
const [reads] = workloads
if (reads) {
  const alone: number[] = []
  const together: number[] = []
  for (let round = 0; round < rounds; round++) {
    alone.push((await wrk(one.origin, reads.requests(stored), load)).perSecond)
    const half = { connections: connections / 2, seconds }
    const halves = await Promise.all([one, two].map(({ origin }) => wrk(origin, reads.requests(stored), half)))
    together.push(halves.reduce((sum, { perSecond }) => sum + perSecond, 0))
  }
  others.push(['two processes, against one, read one', show(together), share(together, alone)])
}
await one.stop()
await two.stop()
await sql.close()
await postgres.stop()

const table = (head: string[], lines: string[][]) =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
const [cpu] = cpus()
const text = `${table(['workload', 'requests a second', 'of bare', 'without log, of bare', 'of pgbench', 'times FastAPI'], rows)}

${table(['the mix at half its peak', 'peak, a second', 'sent, a second', 'p50, ms', 'p95, ms', 'p99, ms', 'p99 of p50'], latencies)}

${table(['besides', 'requests a second', 'ratio'], others)}

\`${['bun run bench', ...process.argv.slice(2)].join(' ')}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpu?.model.trim()}, the load generator and PostgreSQL 18 beside it;
${connections} connections, ${rounds} rounds of ${seconds} s in turns; medians, ratios with their spread; every service has ${pool.DATABASE_POOL_SIZE} connections to PostgreSQL, pgbench ${clients}.
`
await Bun.write('bench/results.md', text)
await Bun.write('bench/results.svg', chart(bars))
console.log(text)
