import { existsSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite, type QueryOptions } from '@electric-sql/pglite'
import initdbWasm from '@electric-sql/pglite/initdb.wasm' with { type: 'file' }
import pgliteData from '@electric-sql/pglite/pglite.data' with { type: 'file' }
import pgliteWasm from '@electric-sql/pglite/pglite.wasm' with { type: 'file' }
import { drizzle } from 'drizzle-orm/pglite'
import type { DatabaseOf } from '../config.ts'
import { StartError } from '../start-error.ts'
import type { Database, StatementLogger } from './connect.ts'
import { lockDirectory, lockFiles } from './directory-lock.ts'

/** The major version of the embedded PostgreSQL: the only one whose files it can read. */
const majorVersion = '18'

/** There from before a new database is made until it is whole. */
const unfinished = 'tasks-api.unfinished'

/** What a folder may hold beside a database: our own files, and what a file system puts at the root of a volume. */
const besides = [...lockFiles, unfinished, 'lost+found']

/**
 * What has to be free on the disk for a write to begin, in bytes: two segments of the write-ahead log. Where that can't
 * grow, PostgreSQL panics (https://www.postgresql.org/docs/18/wal-configuration.html), and an embedded one takes the
 * process with it.
 */
const leastFree = 32 * 1024 * 1024

/**
 * Opens the embedded PostgreSQL.
 *
 * @param config the folder that holds it, made where it is not there; null for one that is kept in memory only
 * @throws {StartError} where another process has the folder open, or what it holds can't be opened
 */
export async function openPGlite({ directory }: DatabaseOf<'pglite'>, statements?: StatementLogger): Promise<Database> {
  const logger = statements ?? false
  if (directory === null) {
    const client = withoutParsers(await PGlite.create(await files()))
    const name = 'an embedded PostgreSQL in memory, and lost when it stops'
    return { name, db: drizzle(client, { logger }), close: () => client.close() }
  }
  const lock = lockDirectory(directory)
  try {
    prepare(directory)
    const client = withoutParsers(await PGlite.create(directory, await files()))
    rmSync(join(directory, unfinished), { force: true })
    return {
      name: `the embedded PostgreSQL in ${directory}`,
      db: drizzle(client, { logger }),
      hasRoom: () => hasRoomIn(directory),
      async close() {
        await client.close()
        lock.release()
      }
    }
  } catch (error) {
    lock.release()
    if (error instanceof StartError) throw error
    throw new StartError(`the database in ${directory} can't be opened, ${reason(error)}`)
  }
}

/**
 * Drizzle brings parsers that leave times as text, and PGlite merges them with all of its own at every query: that took 60 of
 * the 150 µs of a read. No statement of ours reads a time as anything but text.
 */
function withoutParsers(client: PGlite): PGlite {
  const query = client.query.bind(client)
  client.query = <T>(text: string, parameters?: unknown[], options: QueryOptions = {}) => {
    const { parsers: _, ...others } = options
    return query<T>(text, parameters, others)
  }
  return client
}

/** What PGlite is made of: left to itself it looks for that beside its own code, where a compiled binary has nothing. */
async function files() {
  const [pgliteWasmModule, initdbWasmModule, fsBundle] = await Promise.all([
    unpacked(pgliteWasm).then((code) => WebAssembly.compile(code)),
    unpacked(initdbWasm).then((code) => WebAssembly.compile(code)),
    unpacked(pgliteData).then((bytes) => new Blob([bytes]))
  ])
  return { pgliteWasmModule, initdbWasmModule, fsBundle }
}

/** The bytes of a file, which the build has compressed: a frame of zstd begins with this number (RFC 8878 §3.1.1). */
async function unpacked(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Bun.file(path).bytes()
  const isCompressed =
    bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === 0xfd2fb528
  return isCompressed ? new Uint8Array(await Bun.zstdDecompress(bytes)) : bytes
}

function hasRoomIn(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize >= leastFree
}

/**
 * Sees that the folder holds a database of this version, or nothing. One that a killed process had just begun to make is
 * removed: nobody has stored anything in it.
 */
function prepare(directory: string): void {
  const files = readdirSync(directory).filter((name) => !besides.includes(name))
  if (existsSync(join(directory, unfinished))) {
    for (const name of files) rmSync(join(directory, name), { recursive: true })
  } else if (files.includes('PG_VERSION')) {
    const version = readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim()
    if (version === majorVersion) return
    throw new StartError(`the data folder ${directory} is of PostgreSQL ${version}, and this one is ${majorVersion}`)
  } else if (files.length > 0) {
    throw new StartError(`the data folder ${directory} holds other files, and no database`)
  }
  writeFileSync(join(directory, unfinished), '')
}

/** Emscripten's number for ENOSPC, which its errors have instead of a message. */
const noSpace = 51

function reason(error: unknown): string {
  if (error instanceof Object && 'errno' in error && error.errno === noSpace)
    return 'there is no space left on the disk'
  const message = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  return `its files are damaged or can't be read: ${message}`
}
