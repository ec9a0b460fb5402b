import { and, desc, eq, type SQL, sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { tasks } from '../database/schema.ts'
import { listLimit, type Task, type TaskChange, type TaskDraft, uuid } from './model.ts'

/** What one user can do with tasks. Nothing here reaches a row of anybody else. */
export type UserTasks = {
  /** The user's tasks, newest first. */
  list(): Promise<Task[]>
  /** Stores a new task under a new id. */
  create(draft: TaskDraft): Promise<Task>
  /** The task, or undefined where the user has none with this id. */
  get(id: string): Promise<Task | undefined>
  /** Changes the properties that are there, and answers with the task as it then is. */
  update(id: string, change: TaskChange): Promise<Task | undefined>
  /** Flips `completed`. */
  toggle(id: string): Promise<Task | undefined>
  /** Removes the task; false where the user has none with this id. */
  remove(id: string): Promise<boolean>
}

/** The only way to tasks: it takes an owner first, so that no query can be written that has none. */
export type TasksOf = (user_id: string) => UserTasks

/**
 * Prepares every statement on tasks, once.
 *
 * @param db an open database on any driver, its migrations applied
 * @returns the door to one user's tasks; its operations fail with the driver's own error, wrapped by Drizzle
 */
export function createTaskStore(db: PgDatabase<PgQueryResultHKT>): TasksOf {
  const owned = eq(tasks.user_id, sql.placeholder('user_id'))
  const theTask = and(owned, eq(tasks.id, sql.placeholder('id')))

  const list = db
    .select(columns)
    .from(tasks)
    .where(owned)
    .orderBy(desc(tasks.created_at), desc(tasks.id))
    .limit(listLimit)
    .prepare('list_tasks')

  const create = db
    .insert(tasks)
    .values({
      id: sql.placeholder('id'),
      user_id: sql.placeholder('user_id'),
      title: sql.placeholder('title'),
      description: sql.placeholder('description')
    })
    .returning(columns)
    .prepare('create_task')

  const get = db.select(columns).from(tasks).where(theTask).prepare('get_task')

  const update = db
    .update(tasks)
    .set({
      title: sql`coalesce(${sql.placeholder('title')}::varchar, ${tasks.title})`,
      description: sql`case when ${sql.placeholder('describes')}::boolean
        then ${sql.placeholder('description')}::varchar else ${tasks.description} end`,
      completed: sql`coalesce(${sql.placeholder('completed')}::boolean, ${tasks.completed})`,
      updated_at: later
    })
    .where(theTask)
    .returning(columns)
    .prepare('update_task')

  const toggle = db
    .update(tasks)
    .set({ completed: sql`not ${tasks.completed}`, updated_at: later })
    .where(theTask)
    .returning(columns)
    .prepare('toggle_task')

  const remove = db.delete(tasks).where(theTask).returning({ id: tasks.id }).prepare('delete_task')

  return (user_id) => ({
    list: () => list.execute({ user_id }),

    async create({ title, description = null }) {
      const values = { id: Bun.randomUUIDv7(), user_id, title: title.trim(), description }
      const [task] = await create.execute(values)
      if (!task) throw new Error('INSERT … RETURNING returned no row')
      return task
    },

    get: async (id) => (uuid.test(id) ? (await get.execute({ user_id, id }))[0] : undefined),

    async update(id, { title, description, completed }) {
      if (!uuid.test(id)) return undefined
      const values = {
        title: title?.trim() ?? null,
        describes: description !== undefined,
        description: description ?? null,
        completed: completed ?? null
      }
      return (await update.execute({ user_id, id, ...values }))[0]
    },

    toggle: async (id) => (uuid.test(id) ? (await toggle.execute({ user_id, id }))[0] : undefined),

    remove: async (id) => uuid.test(id) && (await remove.execute({ user_id, id })).length > 0
  })
}

/**
 * After the task's last change whatever the clock says, and by the clock wherever that has moved on
 * (https://www.postgresql.org/docs/18/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT).
 */
const later = sql`greatest(clock_timestamp(), ${tasks.updated_at} + interval '1 microsecond')`

/** A row as a {@link Task}. Times are read as text: a JavaScript Date has no microseconds. */
const columns = {
  id: tasks.id,
  user_id: tasks.user_id,
  title: tasks.title,
  description: tasks.description,
  completed: tasks.completed,
  created_at: toRfc3339(tasks.created_at),
  updated_at: toRfc3339(tasks.updated_at)
}

function toRfc3339(column: typeof tasks.created_at | typeof tasks.updated_at): SQL<string> {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}
