/**
 * The six endpoints written by hand, on Bun's own router and client, and nothing else: what the machine allows. It trusts
 * whatever comes, answers no error properly, and keeps no log.
 *
 * DATABASE_URL names a database that has the schema already: a PostgreSQL server, or pglite:memory.
 */
import { SQL } from 'bun'

type Row = {
  id: string
  user_id: string
  title: string
  description: string | null
  completed: boolean
  created_at: number
  updated_at: number
}
type Draft = { title?: string | null; description?: string | null; completed?: boolean | null }
type Statement = (text: string) => (...values: unknown[]) => Promise<Row[]>

const url = process.env['DATABASE_URL'] ?? ''
const prepare = url.startsWith('pglite:') ? await onPGlite() : onServer()

function onServer(): Statement {
  const sql = new SQL(url, { max: Number(process.env['DATABASE_POOL_SIZE'] ?? 20) })
  return (text) =>
    (...values) =>
      sql.unsafe(text, values)
}

async function onPGlite(): Promise<Statement> {
  const { PGlite } = await import('@electric-sql/pglite')
  const { readMigrations } = await import('../src/database/migrations.ts')
  const client = await PGlite.create()
  for (const { statements } of readMigrations()) for (const statement of statements) await client.exec(statement)
  return (text) =>
    async (...values) =>
      (await client.query<Row>(text, values)).rows
}

const time = (column: string) => `date_part('epoch', ${column}) as ${column}`
const columns = `id, user_id, title, description, completed, ${time('created_at')}, ${time('updated_at')}`
const later = `updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')`

const statements = {
  list: prepare(
    `select ${columns} from tasks where user_id = $1 order by tasks.created_at desc, id desc limit (select $2::int)`
  ),
  get: prepare(`select ${columns} from tasks where id = $1 and user_id = $2`),
  create: prepare(`insert into tasks (id, user_id, title, description) values ($1, $2, $3, $4) returning ${columns}`),
  update: prepare(
    `update tasks set title = coalesce($3, title), description = coalesce($4, description),
     completed = coalesce($5, completed), ${later} where id = $1 and user_id = $2 returning ${columns}`
  ),
  toggle: prepare(
    `update tasks set completed = not completed, ${later} where id = $1 and user_id = $2 returning ${columns}`
  ),
  remove: prepare('delete from tasks where id = $1 and user_id = $2 returning id')
}

const notFound = () => Response.json({ code: 'task_not_found' }, { status: 404 })

/** The time in RFC 3339, with microseconds. */
function timestamp(seconds: number): string {
  const microseconds = Math.round(seconds * 1e6)
  const milliseconds = Math.floor(microseconds / 1000)
  const rest = String(microseconds - milliseconds * 1000).padStart(3, '0')
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${rest}Z`
}
function task({ id, user_id, title, description, completed, created_at, updated_at }: Row) {
  const created = timestamp(created_at)
  const updated = updated_at === created_at ? created : timestamp(updated_at)
  return { id, user_id, title, description, completed, created_at: created, updated_at: updated }
}
const one = ([row]: Row[]) => (row ? Response.json(task(row)) : notFound())

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env['PORT']),
  routes: {
    '/ready': () => new Response('ready'),
    '/api/:user_id/tasks': {
      async GET({ params, url }) {
        const limit = /[?&]limit=(\d+)/.exec(url)?.[1] ?? '1000'
        return Response.json((await statements.list(params.user_id, Number(limit))).map(task))
      },
      async POST(request) {
        const { title, description = null }: Draft = JSON.parse(await request.text())
        if (typeof title !== 'string' || title.trim() === '') return Response.json({ code: 'bad' }, { status: 400 })
        const id = Bun.randomUUIDv7()
        const [row] = await statements.create(id, request.params.user_id, title, description)
        return Response.json(row && task(row), { status: 201, headers: { location: `${request.url}/${id}` } })
      }
    },
    '/api/:user_id/tasks/:task_id': {
      GET: async ({ params: { user_id, task_id } }) => one(await statements.get(task_id, user_id)),
      async PUT(request) {
        const { user_id, task_id } = request.params
        const { title = null, description = null, completed = null }: Draft = JSON.parse(await request.text())
        return one(await statements.update(task_id, user_id, title, description, completed))
      },
      async DELETE({ params: { user_id, task_id } }) {
        const [row] = await statements.remove(task_id, user_id)
        return row ? Response.json({ message: 'Task deleted successfully' }) : notFound()
      }
    },
    '/api/:user_id/tasks/:task_id/complete': {
      PATCH: async ({ params: { user_id, task_id } }) => one(await statements.toggle(task_id, user_id))
    }
  }
})
