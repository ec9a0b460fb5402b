import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { readConfig } from '../src/config.ts'
import { connect } from '../src/database/connect.ts'
import { migrate } from '../src/database/migrate.ts'
import { createJsonLogger } from '../src/log.ts'
import { createTaskStore } from '../src/tasks/store.ts'
import { toTimestamp } from '../src/tasks/timestamp.ts'
import { databases } from './support/databases.ts'

/** Microseconds since the epoch, to the last that a double of seconds tells from its neighbours. */
const moments = fc.bigInt(0n, BigInt(Date.UTC(2106, 0)) * 1000n)

/** What PostgreSQL makes of it: the nearest double of seconds. */
const secondsOf = (moment: bigint) => Number(moment) / 1e6

/** The same without floating point. */
function textOf(moment: bigint): string {
  const date = new Date(Number(moment / 1_000_000n) * 1000).toISOString().slice(0, 19)
  return `${date}.${String(moment % 1_000_000n).padStart(6, '0')}Z`
}

test('a moment is written in RFC 3339 with six digits, and none of them is lost', () => {
  expect(toTimestamp(0)).toBe('1970-01-01T00:00:00.000000Z')
  expect(toTimestamp(1770373800.00001)).toBe('2026-02-06T10:30:00.000010Z')
  const written = fc.property(moments, (moment) => expect(toTimestamp(secondsOf(moment))).toBe(textOf(moment)))
  fc.assert(written, { numRuns: 10_000 })
})

for (const database of databases) {
  describe(`on ${database.name}`, () => {
    test('the times of a task are those that PostgreSQL has, to the microsecond', async () => {
      const log = createJsonLogger('silent', { write() {} })
      const { db, close } = await connect(readConfig(await database.create()).database, log)
      await migrate(db)
      const expected = new Map<string, string>()
      for (const moment of fc.sample(moments, 200)) {
        const [id, text] = [Bun.randomUUIDv7(), textOf(moment)]
        await db.execute(sql`insert into tasks (id, user_id, title, created_at, updated_at)
          values (${id}, 'u', 'x', ${text}::text::timestamptz, ${text}::text::timestamptz)`)
        expected.set(id, text)
      }
      const tasksOf = createTaskStore(db, (statement) => statement())
      const { tasks } = await tasksOf('u').list({ limit: 1000, completed: null, after: null })
      expect(new Map(tasks.map(({ id, created_at }) => [id, created_at]))).toEqual(expected)
      // The tag is made in SQL too: what it is compared with has to be the same text.
      for (const { id, updated_at } of tasks.slice(0, 50)) {
        const changed = await tasksOf('u').toggle(id, { match: [updated_at], noneMatch: null })
        expect(changed).toMatchObject({ id, completed: true })
      }
      await close()
    })
  })
}
