import { and, desc, eq, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { Drizzle } from '../database/connect.ts'
import type { Guard } from '../database/guard.ts'
import { tasks } from '../database/schema.ts'
import { idFor } from './idempotency.ts'
import { type Task, type TaskChange, type TaskDraft, uuid } from './model.ts'
import type { Page } from './pages.ts'
import type { Preconditions } from './preconditions.ts'
import { toTimestamp } from './timestamp.ts'

/** Why a task was not changed: the user has none with this id, or it is not as the preconditions suppose. */
export type Refusal = 'absent' | 'precondition'

/** What one user can do with tasks. Nothing here reaches a row of anybody else. */
export type UserTasks = {
  /** One page of the user's tasks, newest first, and whether more remain behind it. */
  list(page: Page): Promise<{ tasks: Task[]; more: boolean }>
  /**
   * Stores a new task under a new id, or under the one that the user and the key make. There it may be already: then it
   * is `replayed`, and as it now is.
   */
  create(draft: TaskDraft, key?: string): Promise<{ task: Task; replayed: boolean }>
  /** The task, or undefined where the user has none with this id. */
  get(id: string): Promise<Task | undefined>
  /** Changes the properties that are there, and answers with the task as it then is. */
  update(id: string, change: TaskChange, preconditions: Preconditions): Promise<Task | Refusal>
  /** Flips `completed`. */
  toggle(id: string, preconditions: Preconditions): Promise<Task | Refusal>
  /** Removes the task, and answers with what it was. */
  remove(id: string, preconditions: Preconditions): Promise<Task | Refusal>
}

type Values = Record<string, unknown>
type Query = { toSQL(): { sql: string; params: unknown[] } }

/** The only way to tasks: it takes an owner first, so that no query can be written that has none. */
export type TasksOf = (user_id: string) => UserTasks

/**
 * Prepares every statement on tasks, once.
 *
 * @param db an open database on any driver, its migrations applied
 * @param guard bounds and repeats statements
 * @returns the door to one user's tasks; its operations fail with the driver's own error, wrapped by Drizzle
 */
export function createTaskStore(db: Drizzle, guard: Guard): TasksOf {
  const owned = eq(tasks.user_id, sql.placeholder('user_id'))
  const theTask = and(owned, eq(tasks.id, sql.placeholder('id')))
  const asSupposed = and(theTask, matches, noneMatches)
  const theFilter = eq(tasks.completed, sql.placeholder('completed'))
  const behindTheCursor = sql`(${tasks.created_at}, ${tasks.id}) <
    (${sql.placeholder('created_at')}::text::timestamptz, ${sql.placeholder('after_id')}::text::uuid)`

  /**
   * Prepares a query whose rows are tasks. Drizzle's own way from a row to an object takes longer than the way from the
   * database to here; all of ours have the same columns.
   */
  function prepare(name: string, query: Query, repeatable: boolean): (values: Values) => Promise<Task[]> {
    const { session } = db._
    const statement = session.prepareQuery<{ execute: Task[]; all: never; values: never }>(
      query.toSQL(),
      undefined,
      name,
      true,
      (rows) => rows.map(toTask)
    )
    return (values) => guard(() => statement.execute(values), repeatable)
  }

  /**
   * The four forms of a page, so that each reads one index in its order. Where PostgreSQL sees the limit it takes each for
   * worth a plan of its own, which takes as long as reading ten tasks
   * (https://www.postgresql.org/docs/18/sql-prepare.html#SQL-PREPARE-NOTES): a subquery hides it.
   */
  function list(filtered: boolean, continued: boolean) {
    const query = db
      .select(columns)
      .from(tasks)
      .where(and(owned, filtered ? theFilter : undefined, continued ? behindTheCursor : undefined))
      .orderBy(desc(tasks.created_at), desc(tasks.id))
      .getSQL()
    const limited = sql`${query} limit (select ${sql.placeholder('limit')}::int)`
    const name = `list_tasks${filtered ? '_filtered' : ''}${continued ? '_continued' : ''}`
    return prepare(name, { toSQL: () => new PgDialect().sqlToQuery(limited) }, true)
  }
  const all = { first: list(false, false), next: list(false, true) }
  const filtered = { first: list(true, false), next: list(true, true) }

  const insertion = () =>
    db
      .insert(tasks)
      .values({
        id: sql.placeholder('id'),
        user_id: sql.placeholder('user_id'),
        title: sql.placeholder('title'),
        description: sql.placeholder('description')
      })
      .returning(columns)
  const create = prepare('create_task', insertion(), false)
  // To look out for a conflict makes an insertion a tenth dearer.
  const createOnce = prepare('create_task_once', insertion().onConflictDoNothing({ target: tasks.id }), false)

  const get = prepare('get_task', db.select(columns).from(tasks).where(theTask), true)

  /** A change in its two forms: where nothing is supposed of the task, nothing is sent and asked of that. */
  function change(name: string, query: (where: SQL | undefined) => Query) {
    const plain = prepare(name, query(theTask), false)
    const conditional = prepare(`${name}_conditionally`, query(asSupposed), false)
    return (values: Values, preconditions: Preconditions) =>
      preconditions.match || preconditions.noneMatch
        ? conditional({ ...values, ...tagsOf(preconditions) })
        : plain(values)
  }

  const update = change('update_task', (where) =>
    db
      .update(tasks)
      .set({
        title: sql`coalesce(${sql.placeholder('title')}::varchar, ${tasks.title})`,
        description: sql`case when ${sql.placeholder('describes')}::boolean
        then ${sql.placeholder('description')}::varchar else ${tasks.description} end`,
        completed: sql`coalesce(${sql.placeholder('completed')}::boolean, ${tasks.completed})`,
        updated_at: later
      })
      .where(where)
      .returning(columns)
  )

  const toggle = change('toggle_task', (where) =>
    db
      .update(tasks)
      .set({ completed: sql`not ${tasks.completed}`, updated_at: later })
      .where(where)
      .returning(columns)
  )

  const remove = change('delete_task', (where) => db.delete(tasks).where(where).returning(columns))

  return (user_id) => {
    const find = async (id: string) => (uuid.test(id) ? (await get({ user_id, id }))[0] : undefined)

    /** Tells why a conditional statement found no row; one without conditions finds any that there is. */
    async function refusal(id: string, { match, noneMatch }: Preconditions): Promise<Refusal> {
      return (match || noneMatch) && (await find(id)) ? 'precondition' : 'absent'
    }

    return {
      async list({ limit, completed, after }) {
        const statements = completed === null ? all : filtered
        const values = { user_id, completed, limit: limit + 1 }
        const rows = after
          ? await statements.next({ ...values, created_at: after.created_at, after_id: after.id })
          : await statements.first(values)
        return { tasks: rows.slice(0, limit), more: rows.length > limit }
      },

      async create({ title, description = null }, key) {
        const values = { user_id, title: title.trim(), description }
        if (key === undefined) {
          const [task] = await create({ ...values, id: Bun.randomUUIDv7() })
          if (!task) throw new Error('the database returned no row for a new task')
          return { task, replayed: false }
        }
        const id = idFor(user_id, key)
        for (let attempt = 0; attempt < 3; attempt++) {
          const [task] = await createOnce({ ...values, id })
          if (task) return { task, replayed: false }
          const existing = await find(id)
          if (existing) return { task: existing, replayed: true }
          // It was deleted between the two statements.
        }
        throw new Error('a task comes and goes under the same key')
      },

      get: find,

      async update(id, { title, description, completed }, preconditions) {
        if (!uuid.test(id)) return 'absent'
        const values = {
          title: title?.trim() ?? null,
          describes: description !== undefined,
          description: description ?? null,
          completed: completed ?? null
        }
        const [task] = await update({ user_id, id, ...values }, preconditions)
        return task ?? (await refusal(id, preconditions))
      },

      async toggle(id, preconditions) {
        if (!uuid.test(id)) return 'absent'
        const [task] = await toggle({ user_id, id }, preconditions)
        return task ?? (await refusal(id, preconditions))
      },

      async remove(id, preconditions) {
        if (!uuid.test(id)) return 'absent'
        const [task] = await remove({ user_id, id }, preconditions)
        return task ?? (await refusal(id, preconditions))
      }
    }
  }
}

/**
 * After the task's last change whatever the clock says, and by the clock wherever that has moved on
 * (https://www.postgresql.org/docs/18/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT).
 */
const later = sql`greatest(clock_timestamp(), ${tasks.updated_at} + interval '1 microsecond')`

/** What is read of a row, in the order in which {@link toTask} takes it. */
const columns = {
  id: tasks.id,
  user_id: tasks.user_id,
  title: tasks.title,
  description: tasks.description,
  completed: tasks.completed,
  // A JavaScript Date has no microseconds, and to make the text in SQL took most of the time of a long list.
  created_at: secondsOf(tasks.created_at),
  updated_at: secondsOf(tasks.updated_at)
}

function toTask([id, user_id, title, description, completed, created_at, updated_at]: unknown[]): Task {
  if (
    typeof id !== 'string' ||
    typeof user_id !== 'string' ||
    typeof title !== 'string' ||
    (typeof description !== 'string' && description !== null) ||
    typeof completed !== 'boolean' ||
    typeof created_at !== 'number' ||
    typeof updated_at !== 'number'
  ) {
    throw new Error('a row of the database is no task')
  }
  const created = toTimestamp(created_at)
  // Most tasks are never changed, and to write a time takes longer than all the rest.
  const updated = updated_at === created_at ? created : toTimestamp(updated_at)
  return { id, user_id, title, description, completed, created_at: created, updated_at: updated }
}

/** A task's entity tag, in SQL what `tagOf` is in TypeScript. */
const tag = sql`to_char(${tasks.updated_at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** The preconditions, decided in the writing statement itself: nothing can come between them and the change. */
const oneOf = (tags: Placeholder) => sql`${tag} = any(string_to_array(${tags}::text, ','))`
const matches = sql`(${sql.placeholder('match')}::text is null or ${oneOf(sql.placeholder('match'))})`
const noneMatches = sql`(${sql.placeholder('none_match')}::text is null
  or (${sql.placeholder('none_match')}::text <> '*' and not ${oneOf(sql.placeholder('none_match'))}))`

/** The preconditions as parameters. Tags that are not made of a time's characters are none of ours. */
function tagsOf({ match, noneMatch }: Preconditions) {
  const listed = (tags: readonly string[]) => tags.filter((tag) => /^[0-9TZ:.-]+$/.test(tag)).join(',')
  return {
    match: match && listed(match),
    none_match: noneMatch && (noneMatch === '*' ? '*' : listed(noneMatch))
  }
}

/** Exact to the microsecond as a double: see {@link toTimestamp}. */
function secondsOf(column: typeof tasks.created_at | typeof tasks.updated_at): SQL<number> {
  return sql`date_part('epoch', ${column})`
}
