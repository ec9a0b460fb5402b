import { PGlite } from '@electric-sql/pglite'
import { lockDirectory } from './directory-lock.ts'

/**
 * Opens the embedded PostgreSQL.
 *
 * @param directory the folder that holds it, made where it is not there; null for one that is kept in memory only
 * @throws {StartError} where another process has the folder open, or it can't be used
 */
export async function openPGlite(directory: string | null): Promise<{ client: PGlite; close(): Promise<void> }> {
  if (directory === null) {
    const client = await PGlite.create()
    return { client, close: () => client.close() }
  }
  const lock = lockDirectory(directory)
  try {
    const client = await PGlite.create(directory)
    return {
      client,
      async close() {
        await client.close()
        lock.release()
      }
    }
  } catch (error) {
    lock.release()
    throw error
  }
}
