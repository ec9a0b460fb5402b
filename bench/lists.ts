/**
 * What pages, reads and creations cost as the table grows, as ratios of median latencies taken in turns in one run: the
 * service as a process of its own, on a PostgreSQL server, asked one request at a time.
 *
 * Usage: bun bench/lists.ts [ROWS], 2,000,000 without it
 */
import { SQL } from 'bun'
import { startPostgres } from '../test/support/postgres.ts'
import { addressOf, type ServiceProcess, spawnService } from '../test/support/process.ts'
import { median } from './support/measures.ts'

const rows = Number(process.argv[2] ?? 2_000_000)
const rounds = 5
const requestsPerRound = 300

type Send = () => Promise<Response>
type Row = { what: string; aim: number; base: Send; other: Send }

/**
 * One user with half of the rows, of whose tasks one in 10,000 is done; one with 2,000 rows and as many done; the rest are
 * of users with 1,000 rows each.
 */
async function fill(url: URL, count: number): Promise<void> {
  const sql = new SQL(url, { max: 1 })
  const half = Math.floor(count / 2)
  const done = Math.max(Math.floor(half / 10_000), 1)
  await sql.unsafe(`
    insert into tasks (id, user_id, title, description, completed, created_at, updated_at)
    select uuidv7(), case when n <= ${half} then 'half' when n <= ${half} + 2000 then 'some' else 'user ' || n / 1000 end,
      'Write the report', 'Two pages, by Friday',
      n <= ${half} and n % 10000 = 0 or n > ${half} and n % ${Math.max(Math.floor(2000 / done), 1)} = 0,
      now() - n * interval '1 second', now() - n * interval '1 second'
    from generate_series(1, ${count}) n`)
  await sql`vacuum analyze tasks`
  // Otherwise the first to write to a page would pay for the whole of it.
  await sql`checkpoint`
  await sql.close()
}

async function latency(send: Send): Promise<number> {
  const began = performance.now()
  const answer = await send()
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`)
  return performance.now() - began
}

async function measure({ what, aim, base, other }: Row): Promise<void> {
  const medians: [number, number][] = []
  for (let round = 0; round <= rounds; round++) {
    const times: [number[], number[]] = [[], []]
    for (let request = 0; request < requestsPerRound; request++) {
      const baseFirst = request % 2 === 0
      if (baseFirst) times[0].push(await latency(base))
      times[1].push(await latency(other))
      if (!baseFirst) times[0].push(await latency(base))
    }
    // The first round warms up.
    if (round > 0) medians.push([median(times[0]), median(times[1])])
  }
  const ratios = medians.map(([base, other]) => other / base).toSorted((a, b) => a - b)
  const [low, high] = [ratios[0] ?? 0, ratios.at(-1) ?? 0]
  const [first, second] = [median(medians.map(([base]) => base)), median(medians.map(([, other]) => other))]
  const numbers = [
    first.toFixed(3),
    second.toFixed(3),
    median(ratios).toFixed(2),
    `${low.toFixed(2)} to ${high.toFixed(2)}`
  ]
  console.log(`| ${[what, ...numbers, aim].join(' | ')} |`)
}

/** Walks a list from an address on. @returns the address of the last page but one, which is full */
async function lastPage(origin: string, start: string): Promise<string> {
  for (let before = start, page = start; ; ) {
    const answer = await fetch(`${origin}${page}`)
    await answer.arrayBuffer()
    const [, next] = /^<([^>]+)>/.exec(answer.headers.get('link') ?? '') ?? []
    if (next === undefined) return before
    before = page
    page = next
  }
}

const withLimit = (address: string, limit: number) => address.replace(/limit=\d+/, `limit=${limit}`)

const postgres = await startPostgres()
const services: ServiceProcess[] = []

/** @returns the origin of a service on a database with so many rows */
async function serviceOn(count: number): Promise<string> {
  const url = await postgres.createDatabase()
  const service = spawnService({ DATABASE_URL: url.href })
  services.push(service)
  const address = await addressOf(service)
  await fill(url, count)
  return address.origin
}

const [large, small] = [await serviceOn(rows), await serviceOn(2000)]
console.log(
  `${rows} rows against 2,000; ${rounds} rounds of ${requestsPerRound} requests each, in turns; medians in ms`
)
console.log('\n| what | base | other | ratio | over the rounds | aim |\n|---|---|---|---|---|---|')

const half = '/api/half/tasks'
const some = '/api/some/tasks'
const get =
  (address: string, origin = large): Send =>
  () =>
    fetch(`${origin}${address}`)
const idOn = async (origin: string) =>
  /"id":"([^"]+)"/.exec(await (await fetch(`${origin}${some}?limit=1`)).text())?.[1]
const post =
  (origin: string): Send =>
  () =>
    fetch(`${origin}${some}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"title":"x"}'
    })

// Before the lists: a process that has sent thousands of them is not one that has sent none.
const ones: Row[] = [
  {
    what: 'read one',
    aim: 1.3,
    base: get(`${some}/${await idOn(small)}`, small),
    other: get(`${some}/${await idOn(large)}`)
  },
  { what: 'create one', aim: 1.3, base: post(small), other: post(large) }
]
for (const row of ones) await measure(row)

const last = await lastPage(large, `${half}?limit=1000`)
const lastDone = await lastPage(large, `${half}?completed=true&limit=20`)
const pages: Row[] = [
  ...[20, 1000].flatMap((limit): Row[] => [
    {
      what: `page of ${limit}: last against first`,
      aim: 1.2,
      base: get(`${half}?limit=${limit}`),
      other: get(withLimit(last, limit))
    },
    {
      what: `page of ${limit}: of half the rows against of 2,000`,
      aim: 1.2,
      base: get(`${some}?limit=${limit}`),
      other: get(`${half}?limit=${limit}`)
    }
  ]),
  {
    what: 'page of 20 done: one in 10,000 of half the rows against of 2,000',
    aim: 1.2,
    base: get(`${some}?completed=true&limit=20`),
    other: get(`${half}?completed=true&limit=20`)
  },
  {
    what: 'page of 20 done: last against first',
    aim: 1.2,
    base: get(`${half}?completed=true&limit=20`),
    other: get(lastDone)
  }
]
for (const row of pages) await measure(row)

for (const service of services) service.kill('SIGTERM')
await Promise.all(services.map(({ ended }) => ended))
await postgres.stop()
