import { readMigrationFiles } from 'drizzle-orm/migrator'

/**
 * Reads the folder `drizzle/`. Imported as a macro, so that it runs when the code is bundled and a compiled binary has
 * the statements inside it (https://bun.com/docs/bundler/macros).
 *
 * @returns what each migration is known by, and its statements, oldest first
 */
export function readMigrations(): { hash: string; created_at: number; statements: string[] }[] {
  const files = readMigrationFiles({ migrationsFolder: `${import.meta.dir}/../../drizzle` })
  return files.map(({ hash, folderMillis, sql }) => ({ hash, created_at: folderMillis, statements: sql }))
}
