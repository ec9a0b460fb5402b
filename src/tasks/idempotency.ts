import { Problem, validationFailed } from '../problem.ts'
import type { Task, TaskDraft } from './model.ts'

/** The namespace of the ids that are derived from keys (RFC 9562 §5.5). It must never change. */
const namespace = '6e2f6dc8-4e5a-4a0c-9e0a-0d1c5e3b7a42'

/**
 * An `Idempotency-Key`: 1 to 255 visible ASCII characters, as they are or as a string of a structured field
 * (RFC 9651 §3.3.3), in double quotes.
 */
export const keyPattern = '^([!#-~][!-~]{0,254}|"([!#-[\\]-~]|\\\\["\\\\]){1,255}")$'

const wellFormed = new RegExp(keyPattern)

/** The longest that a key can be as it is written: in quotes, each of its characters behind a backslash. */
export const maxKeyLength = 2 * 255 + 2

/**
 * @param headers a request's
 * @returns the key, out of its quotes; undefined where there is none
 * @throws {Problem} `validation_failed` where it is malformed
 */
export function idempotencyKeyOf(headers: Headers): string | undefined {
  const value = headers.get('idempotency-key')
  if (value === null) return undefined
  if (!wellFormed.test(value)) {
    const msg = 'must be 1 to 255 visible ASCII characters, in double quotes or not'
    throw validationFailed([{ loc: ['header', 'idempotency-key'], msg, type: 'string_pattern_mismatch' }])
  }
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
}

/** The id of the task that a user creates with a key. A user id has no U+0000, so that no two pairs are written alike. */
export const idFor = (user_id: string, key: string) => Bun.randomUUIDv5(`${user_id}\0${key}`, namespace)

/**
 * @param task what is stored under the key's id
 * @param draft what is sent with the key now
 * @throws {Problem} `idempotency_key_reused` where the task is still as it was created, but not from this draft
 */
export function expectSameDraft(task: Task, { title, description = null }: TaskDraft): void {
  const unchanged = task.created_at === task.updated_at
  if (unchanged && (task.title !== title.trim() || task.description !== description)) {
    throw new Problem('idempotency_key_reused', 'the key was used before, for a different task')
  }
}
