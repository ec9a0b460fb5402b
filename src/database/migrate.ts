import { sql } from 'drizzle-orm'
import { bigint, pgSchema, serial, text } from 'drizzle-orm/pg-core'
import type { DatabaseConfig } from '../config.ts'
import { StartError } from '../start-error.ts'
import { untilThere, type Waiting } from './arrival.ts'
import { connect, type Database, type Drizzle } from './connect.ts'
import { describeFailure } from './failure.ts'
import { readMigrations } from './migrations.ts' with { type: 'macro' }

const migrations = readMigrations()

/** Where drizzle-kit, too, looks for what has been applied. */
const applied = pgSchema('drizzle').table('__drizzle_migrations', {
  id: serial().primaryKey(),
  hash: text().notNull(),
  created_at: bigint({ mode: 'number' })
})

/** Any number that nobody else locks: "tasksapi" in ASCII. */
export const lock = 0x7461736b73617069n

/**
 * Applies the migrations that the database does not have yet, all or none. Instances that start together take turns: the
 * lock is the transaction's, which PgBouncer in transaction mode keeps on one connection
 * (https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS).
 *
 * @returns how many were applied
 * @throws {StartError} where the schema is newer than this program
 */
export async function migrate(db: Drizzle): Promise<number> {
  // Mostly there is nothing to do, and nobody to wait for.
  if ((await missingFrom(db)).length === 0) return 0
  return await db.transaction(async (transaction) => {
    await transaction.execute(sql`select pg_advisory_xact_lock(${sql.raw(String(lock))})`)
    await transaction.execute(sql`create schema if not exists drizzle`)
    await transaction.execute(
      sql`create table if not exists ${applied} (id serial primary key, hash text not null, created_at bigint)`
    )
    const missing = await missingFrom(transaction)
    for (const { hash, created_at, statements } of missing) {
      for (const statement of statements) await transaction.execute(sql.raw(statement))
      await transaction.insert(applied).values({ hash, created_at })
    }
    return missing.length
  })
}

/**
 * Waits until the database is there, and sees that it has the schema of this program.
 *
 * @param apply whether missing migrations are applied; if not, none may be missing
 * @returns how many were applied
 * @throws {StartError} where the database does not come, can't be used, or has another schema
 */
export async function prepareSchema(database: Database, apply: boolean, waiting: Waiting): Promise<number> {
  await untilThere(database, waiting)
  const { db } = database
  try {
    if (apply) return await migrate(db)
    const missing = (await missingFrom(db)).length
    if (missing > 0)
      throw new StartError(`the database lacks ${migrationCount(missing)}: apply them with the command migrate`)
    return 0
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`the database can't be used: ${describeFailure(error)}`)
  }
}

/** Opens a database, brings it up to date, and closes it. @returns how many migrations were applied */
export async function migrateDatabase(config: DatabaseConfig, waiting: Waiting): Promise<number> {
  const database = await connect(config, waiting.log)
  try {
    return await prepareSchema(database, true, waiting)
  } finally {
    await database.close()
  }
}

/**
 * @returns the migrations of this program that the database lacks
 * @throws {StartError} where it has some that this program does not know
 */
async function missingFrom(db: Drizzle) {
  // to_regclass() is null for what is not there, or may not be seen.
  const [table] = await db
    .select({ name: sql<string | null>`name::text` })
    .from(sql`to_regclass('drizzle.__drizzle_migrations') as named(name)`)
  const done = table?.name ? await db.select({ hash: applied.hash }).from(applied) : []
  const known = new Set(migrations.map(({ hash }) => hash))
  const unknown = done.filter(({ hash }) => !known.has(hash)).length
  if (unknown > 0) {
    throw new StartError(
      `the database is newer than this program: it has ${migrationCount(unknown)} that this one does not know`
    )
  }
  const hashes = new Set(done.map(({ hash }) => hash))
  return migrations.filter(({ hash }) => !hashes.has(hash))
}

/** @returns so many migrations, in words */
export const migrationCount = (migrations: number) => `${migrations} ${migrations === 1 ? 'migration' : 'migrations'}`
