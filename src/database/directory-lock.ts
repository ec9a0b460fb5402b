import { Database as SQLite } from 'bun:sqlite'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../start-error.ts'

const [lockFile, holderFile] = ['tasks-api.lock', 'tasks-api.pid']

/** What a lock leaves in its folder. */
export const lockFiles = [lockFile, holderFile, `${lockFile}-journal`]

/**
 * Takes a folder for this process. The lock is the operating system's own, held through an SQLite file
 * (https://sqlite.org/lockingv3.html): it ends with the process however that ends, so it is never stale.
 *
 * @param directory made where it is not there
 * @throws {StartError} where another process has the folder, then naming it, or the folder can't be written
 */
export function lockDirectory(directory: string): { release(): void } {
  const holder = join(directory, holderFile)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const lock = new SQLite(join(directory, lockFile), { create: true })
    lock.run('BEGIN EXCLUSIVE')
    writeFileSync(holder, `${process.pid}\n`)
    return {
      release() {
        rmSync(holder, { force: true })
        lock.close()
      }
    }
  } catch (error) {
    throw new StartError(`the data folder ${directory} ${reason(error, holder)}`)
  }
}

/** What the codes of the operating system and of SQLite mean for a folder. */
const meanings: [RegExp, string][] = [
  [/^(EACCES|EPERM|EROFS|SQLITE_CANTOPEN|SQLITE_READONLY)/, 'is not writable for this user'],
  [/^(EEXIST|ENOTDIR)/, 'is a file, or is under one'],
  [/^(ENOSPC|EDQUOT|SQLITE_FULL)/, 'is on a disk that is full']
]

function reason(error: unknown, holder: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('SQLITE_BUSY')) return `is in use by process ${holderIn(holder) ?? '(just starting)'}`
  const meaning = meanings.find(([codes]) => codes.test(code))?.[1] ?? "can't be used"
  return `${meaning}: ${code || String(error)}`
}

/** The holder writes its number right after it has the lock, so for a moment the file may not be there yet. */
function holderIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}
