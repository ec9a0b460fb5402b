import type { SQL } from 'bun'
import type { BenchRequest } from './support/wrk.ts'

/** What every contender finds in its database: users with so many tasks each, and one with as many as a page can have. */
export const users = 100
export const tasksEach = 500
export const rich = 'rich'
export const longest = 1000

/** A task of those that were stored before. */
export type Stored = { id: string; user_id: string }

const draft = JSON.stringify({ title: 'Write the report', description: 'Two pages, by Friday' })
const changed = JSON.stringify({ title: 'Write it again', completed: true })
const empty = JSON.stringify({ title: '' })
const nobody = '019c32d4-9f40-7000-8000-3f1d2c4b5a69'

const at = ({ id, user_id }: Stored) => `/api/${user_id}/tasks/${id}`

export type Workload = {
  name: string
  /** Whether its answers are to be 2xx; the others are to be none. */
  succeeds: boolean
  /** @param stored tasks in random order, none of them twice */
  requests(stored: Stored[]): BenchRequest[]
  /** Makes the tasks that are used up. */
  renew?: (sql: SQL) => Promise<Stored[]>
  /** The same as a script of pgbench: the stored tasks are numbered. */
  pgbench?: string
}

const numbered = `\\set n random(1, ${users * tasksEach})\n`
const ofTheTask = `id = ('00000000-0000-7000-8000-' || lpad(:n::int::text, 12, '0'))::uuid and user_id = 'user-' || :n::int % ${users}`
const time = (column: string) => `date_part('epoch', ${column})`
const columns = `id, user_id, title, description, completed, ${time('created_at')}, ${time('updated_at')}`
const later = "updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')"

/** More than are deleted in a round. */
async function tasksToDelete(sql: SQL): Promise<Stored[]> {
  return await sql`insert into tasks (id, user_id, title) select gen_random_uuid(), 'delete', 'x'
    from generate_series(1, 100000) returning id, user_id`
}

const read = (task: Stored): BenchRequest => ({ method: 'GET', path: at(task) })
const list = (user_id: string, limit: number): BenchRequest => ({
  method: 'GET',
  path: `/api/${user_id}/tasks?limit=${limit}`
})
const create = ({ user_id }: Stored): BenchRequest => ({ method: 'POST', path: `/api/${user_id}/tasks`, body: draft })
const update = (task: Stored): BenchRequest => ({ method: 'PUT', path: at(task), body: changed })
const remove = (task: Stored): BenchRequest => ({ method: 'DELETE', path: at(task) })
const toggle = (task: Stored): BenchRequest => ({ method: 'PATCH', path: `${at(task)}/complete` })

/** 80 reads, 10 creations, 5 updates and 5 toggles of 100. */
const mixed = (task: Stored, index: number): BenchRequest => {
  const part = index % 20
  if (part < 16) return read(task)
  if (part < 18) return create(task)
  return part === 18 ? update(task) : toggle(task)
}

const some = <T>(stored: T[]) => stored.slice(0, 5000)

export const workloads: Workload[] = [
  {
    name: 'read one',
    succeeds: true,
    requests: (stored) => some(stored).map(read),
    pgbench: `${numbered}select ${columns} from tasks where ${ofTheTask};\n`
  },
  { name: 'list 20', succeeds: true, requests: (stored) => some(stored).map(({ user_id }) => list(user_id, 20)) },
  { name: 'list 1,000', succeeds: true, requests: () => [list(rich, longest)] },
  {
    name: 'create',
    succeeds: true,
    requests: (stored) => some(stored).map(create),
    pgbench: `${numbered}insert into tasks (id, user_id, title, description)
      values (gen_random_uuid(), 'user-' || :n::int % ${users}, 'Write the report', 'Two pages, by Friday') returning ${columns};\n`.replaceAll(
      '\n      ',
      ' '
    )
  },
  { name: 'update', succeeds: true, requests: (stored) => some(stored).map(update) },
  {
    name: 'toggle',
    succeeds: true,
    requests: (stored) => some(stored).map(toggle),
    pgbench: `${numbered}update tasks set completed = not completed, ${later} where ${ofTheTask} returning ${columns};\n`
  },
  { name: 'delete', succeeds: true, requests: (stored) => stored.map(remove), renew: tasksToDelete },
  { name: 'mix', succeeds: true, requests: (stored) => some(stored).map(mixed) },
  {
    name: 'no such task, 404',
    succeeds: false,
    requests: (stored) => some(stored).map(({ user_id }) => read({ user_id, id: nobody }))
  },
  {
    name: 'empty title, 400',
    succeeds: false,
    requests: (stored) => some(stored).map((task) => ({ ...create(task), body: empty }))
  }
]
