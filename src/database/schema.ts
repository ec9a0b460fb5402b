import { sql } from 'drizzle-orm'
import { boolean, check, index, pgTable, timestamp, uuid, varchar } from 'drizzle-orm/pg-core'

/** The widths of the text columns, in characters (Unicode code points). The limits of the API derive from them. */
export const widths = { user_id: 255, title: 200, description: 1000 } as const

/**
 * The one table. Both timestamps are those of the inserting transaction, so a task was never changed exactly where they
 * are equal.
 */
export const tasks = pgTable(
  'tasks',
  {
    id: uuid().primaryKey(),
    user_id: varchar({ length: widths.user_id }).notNull(),
    title: varchar({ length: widths.title }).notNull(),
    description: varchar({ length: widths.description }),
    completed: boolean().notNull().default(false),
    created_at: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
    updated_at: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow()
  },
  (table) => [
    // Read backwards for the list, newest first: an index declared DESC would be NULLS LAST, which ORDER BY … DESC
    // does not match (https://www.postgresql.org/docs/18/indexes-ordering.html).
    index('tasks_user_id_created_at_id_index').on(table.user_id, table.created_at, table.id),
    index('tasks_user_id_completed_created_at_id_index').on(table.user_id, table.completed, table.created_at, table.id),
    check('tasks_user_id_not_empty', sql`${table.user_id} <> ''`),
    check('tasks_title_not_blank', sql`btrim(${table.title}) <> ''`)
  ]
)
