import { sql } from 'drizzle-orm'
import { bigint, pgSchema, serial, text } from 'drizzle-orm/pg-core'
import type { Drizzle } from './connect.ts'
import { readMigrations } from './migrations.ts' with { type: 'macro' }

const migrations = readMigrations()

/** Where drizzle-kit, too, looks for what has been applied. */
const applied = pgSchema('drizzle').table('__drizzle_migrations', {
  id: serial().primaryKey(),
  hash: text().notNull(),
  created_at: bigint({ mode: 'number' })
})

/** Any number that nobody else locks: "tasksapi" in ASCII. */
const lock = 0x7461736b73617069n

/**
 * Applies the migrations that the database does not have yet, all or none. Instances that start together take turns: the
 * lock is the transaction's, which PgBouncer in transaction mode keeps on one connection
 * (https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS).
 *
 * @returns how many were applied
 */
export async function migrate(db: Drizzle): Promise<number> {
  return await db.transaction(async (transaction) => {
    await transaction.execute(sql`select pg_advisory_xact_lock(${sql.raw(String(lock))})`)
    await transaction.execute(sql`create schema if not exists drizzle`)
    await transaction.execute(
      sql`create table if not exists ${applied} (id serial primary key, hash text not null, created_at bigint)`
    )
    const done = await transaction.select({ hash: applied.hash }).from(applied)
    const hashes = new Set(done.map(({ hash }) => hash))
    const missing = migrations.filter(({ hash }) => !hashes.has(hash))
    for (const { hash, created_at, statements } of missing) {
      for (const statement of statements) await transaction.execute(sql.raw(statement))
      await transaction.insert(applied).values({ hash, created_at })
    }
    return missing.length
  })
}
