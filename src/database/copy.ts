import { asc, getTableColumns, gt, sql } from 'drizzle-orm'
import type { DatabaseConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import { StartError } from '../start-error.ts'
import { connect, type Drizzle } from './connect.ts'
import { describeFailure } from './failure.ts'
import { migrate } from './migrate.ts'
import { tasks } from './schema.ts'

/** How many rows are read and written at once. */
const batch = 1000

/**
 * Copies every task of every user from one database to another, on any driver, as they are: a backup, or a move.
 * The source is read as of one moment; the target gets all or nothing.
 *
 * @returns how many tasks were copied
 * @throws {StartError} where one of the two can't be used, or the target has some of the tasks already
 */
export async function copyTasks(from: DatabaseConfig, to: DatabaseConfig, log: Logger): Promise<number> {
  const source = await connect(from, log)
  try {
    const target = await connect(to, log)
    try {
      await migrate(target.db)
      return await copyAll(source.db, target.db)
    } finally {
      await target.close()
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`nothing was copied: ${describeFailure(error)}`)
  } finally {
    await source.close()
  }
}

async function copyAll(source: Drizzle, target: Drizzle): Promise<number> {
  return await source.transaction(
    (reading) =>
      target.transaction(async (writing) => {
        let copied = 0
        for (let after: string | undefined; ; ) {
          const rows = await reading
            .select(columns)
            .from(tasks)
            .where(after === undefined ? undefined : gt(tasks.id, after))
            .orderBy(asc(tasks.id))
            .limit(batch)
          if (rows.length > 0) await writing.insert(tasks).values(rows.map(toRow))
          copied += rows.length
          after = rows.at(-1)?.id
          if (rows.length < batch) return copied
        }
      }),
    { isolationLevel: 'repeatable read', accessMode: 'read only' }
  )
}

/** Times as text, with a precision that a JavaScript Date does not have. */
const columns = {
  ...getTableColumns(tasks),
  created_at: sql<string>`${tasks.created_at}::text`,
  updated_at: sql<string>`${tasks.updated_at}::text`
}

const toRow = ({ created_at, updated_at, ...row }: typeof tasks.$inferSelect) => ({
  ...row,
  created_at: sql`${created_at}::text::timestamptz`,
  updated_at: sql`${updated_at}::text::timestamptz`
})
