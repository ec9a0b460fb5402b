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
import { type Contender, median, startContender } from './support/contender.ts'
import { pgbench } from './support/pgbench.ts'
import { wrk } from './support/wrk.ts'
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
type Entrant = { name: string; server: Contender }

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
  const rates: Rates = new Map(entrants.map(({ name }) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const { name, server } of entrants) {
      const requests = workload.requests(workload.renew && sql ? await workload.renew(sql) : stored)
      const result = await wrk(server.origin, requests, round < 0 ? { ...load, seconds: 1 } : load)
      const wrong = workload.succeeds ? result.failed : result.requests - result.failed
      // Who is faster than expected has deleted all there was.
      const excused = workload.renew ? result.requests - requests.length : 0
      if (result.broken + wrong > Math.max(0, excused)) {
        throw new Error(`${workload.name}, ${name}: ${wrong} wrong answers, ${result.broken} never came`)
      }
      if (round >= 0) rates.get(name)?.push(result.perSecond - wrong / seconds)
    }
  }
  return rates
}

const rows: string[][] = []
const bars: { label: string; values: Record<string, number> }[] = []

/** @returns the median of the rounds' ratios, and their spread */
function ratio(of: number[] | undefined, to: number[] | undefined): string {
  if (!of || !to) return ''
  const ratios = of.map((rate, round) => rate / (to[round] ?? Number.NaN))
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`
}

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
  const rates = await measure(workload, entrants, stored, sql)
  const bench = workload.pgbench ? await pgbench(url, workload.pgbench, rounds, seconds) : undefined
  const of = (name: string) => rates.get(name)
  const times = ratio(of('service'), of('FastAPI'))
  rows.push([
    workload.name,
    show(of('service')),
    ratio(of('service'), of('bare')),
    ratio(of('without log'), of('bare')),
    bench ? ratio(of('service'), bench) : '',
    times
  ])
  bars.push({
    label: workload.name,
    values: Object.fromEntries([...rates].map(([name, numbers]) => [name, median(numbers)]))
  })
  console.error(rows.at(-1)?.join(' | '))
}
for (const { server } of entrants) await server.stop()

/** Two entrants on the first workload and on creations. */
async function compare(name: string, first: Contender, second: Contender, tasks: Stored[]): Promise<void> {
  for (const workload of workloads.filter(({ name }) => ['read one', 'create'].includes(name))) {
    const pair = [
      { name: 'first', server: first },
      { name: 'second', server: second }
    ]
    const rates = await measure(workload, pair, tasks)
    others.push([`${name}, ${workload.name}`, show(rates.get('first')), ratio(rates.get('first'), rates.get('second'))])
    console.error(others.at(-1)?.join(' | '))
  }
  await first.stop()
  await second.stop()
}
const others: string[][] = []

const proxy = startWebSocketProxy()
await compare(
  "through Neon's driver, against Bun's",
  await startContender(service, { DATABASE_URL, ...pool, NEON_WS_PROXY: proxy.address }, '/ready'),
  await startContender(service, { DATABASE_URL, ...pool }, '/ready'),
  stored
)
await proxy.stop()

const embedded = await startContender(service, { DATABASE_URL: 'pglite:memory' }, '/ready')
const bareEmbedded = await startContender(bare, { DATABASE_URL: 'pglite:memory' }, '/ready')
const made = await Promise.all([embedded, bareEmbedded].map(createSome))
await compareEmbedded()

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

/** Each has tasks of its own. */
async function compareEmbedded(): Promise<void> {
  const both: Stored[][] = made
  for (const workload of workloads.filter(({ name }) => ['read one', 'create'].includes(name))) {
    const rates: number[][] = [[], []]
    for (let round = -1; round < rounds; round++) {
      for (const [index, server] of [embedded, bareEmbedded].entries()) {
        const { perSecond, failed } = await wrk(server.origin, workload.requests(both[index] ?? []), load)
        if (failed > 0) throw new Error(`embedded, ${workload.name}: ${failed} wrong answers`)
        if (round >= 0) rates[index]?.push(perSecond)
      }
    }
    others.push([`embedded, against bare PGlite, ${workload.name}`, show(rates[0]), ratio(rates[0], rates[1])])
    console.error(others.at(-1)?.join(' | '))
  }
  await embedded.stop()
  await bareEmbedded.stop()
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
  others.push(['two processes, against one, read one', show(together), ratio(together, alone)])
}
await one.stop()
await two.stop()
await sql.close()
await postgres.stop()

const table = (head: string[], lines: string[][]) =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
const [cpu] = cpus()
const text = `${table(['workload', 'requests a second', 'of bare', 'without log, of bare', 'of pgbench', 'times FastAPI'], rows)}

${table(['besides', 'requests a second', 'ratio'], others)}

\`${['bun run bench', ...process.argv.slice(2)].join(' ')}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpu?.model.trim()}, the load generator and PostgreSQL 18 beside it;
${connections} connections, ${rounds} rounds of ${seconds} s in turns; medians, ratios with their spread; every client of PostgreSQL has ${pool.DATABASE_POOL_SIZE} connections.
`
await Bun.write('bench/results.md', text)
await Bun.write('bench/results.svg', chart(bars))
console.log(text)
