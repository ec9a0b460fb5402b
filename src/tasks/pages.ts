import { type Fault, validationFailed } from '../problem.ts'
import { listLimit, type Task } from './model.ts'

/** Where a page starts: behind this task, in the list's order. */
export type Position = Pick<Task, 'created_at' | 'id'>

/** Which part of a list is asked for. */
export type Page = { limit: number; completed: boolean | null; after: Position | null }

/** The form of a cursor: 104 characters of base64url are 78 bytes, and no two of them are the same bytes. */
export const cursorPattern = '^[A-Za-z0-9_-]{104}$'

const wellFormed = new RegExp(cursorPattern)

const positionLength = '2026-02-06T10:30:00.000000Z'.length + '019c32d4-9f40-7000-8000-3f1d2c4b5a69'.length

/** In characters of base64url. */
const checksumLength = 20

/**
 * @param query a request's
 * @param user_id whose list it is: a cursor is good for the list that it was made for
 * @throws {Problem} `validation_failed` with every fault
 */
export function pageOf(query: URLSearchParams, user_id: string): Page {
  const faults: Fault[] = []

  /** Reads a parameter that is there once at most. */
  function read<T>(name: string, parse: (value: string) => T | undefined, msg: string, type: string): T | null {
    const [value, ...more] = query.getAll(name)
    if (value === undefined) return null
    const parsed = more.length === 0 ? parse(value) : undefined
    if (parsed !== undefined) return parsed
    const fault = more.length === 0 ? { msg, type } : { msg: 'must be there once at most', type: 'repeated' }
    faults.push({ loc: ['query', name], ...fault })
    return null
  }

  const limit = read('limit', parseLimit, `must be a whole number from 1 to ${listLimit}`, 'integer_range')
  const completed = read('completed', parseBoolean, 'must be true or false', 'boolean_type')
  const parseCursor = (cursor: string) => positionOf(cursor, user_id, completed)
  const after = read('cursor', parseCursor, 'must be the one of this list that a Link gave', 'cursor_mismatch')
  if (faults.length > 0) throw validationFailed(faults)
  return { limit: limit ?? listLimit, completed, after }
}

function parseLimit(value: string): number | undefined {
  const limit = /^[1-9]\d{0,3}$/.test(value) ? Number(value) : Number.NaN
  return limit <= listLimit ? limit : undefined
}

const parseBoolean = (value: string) => (value === 'true' ? true : value === 'false' ? false : undefined)

/**
 * @param path the list's, percent-encoded
 * @param query the request's: the next page has the same limit and filter
 * @param last the last task of this page
 * @returns the value of a `Link` to the next page (RFC 8288)
 */
export function linkToNext(path: string, query: URLSearchParams, { limit, completed }: Page, last: Task): string {
  let next = `cursor=${cursorOf(last, last.user_id, completed)}`
  if (query.has('completed')) next = `completed=${completed}&${next}`
  if (query.has('limit')) next = `limit=${limit}&${next}`
  return `<${path}?${next}>; rel="next"`
}

function cursorOf({ created_at, id }: Position, user_id: string, completed: boolean | null): string {
  const position = `${created_at}${id}`
  return Buffer.from(position).toString('base64url') + checksum(position, user_id, completed)
}

function positionOf(cursor: string, user_id: string, completed: boolean | null): Position | undefined {
  if (!wellFormed.test(cursor)) return undefined
  const position = Buffer.from(cursor, 'base64url').toString('latin1', 0, positionLength)
  if (!cursor.endsWith(checksum(position, user_id, completed))) return undefined
  const length = positionLength - 36
  return { created_at: position.slice(0, length), id: position.slice(length) }
}

/**
 * Ties a cursor to its list. It keeps out what is cut, altered or taken from elsewhere; it is no secret, and need not be:
 * whoever makes up a cursor gets another part of a list that is theirs.
 */
function checksum(position: string, user_id: string, completed: boolean | null): string {
  const text = `tasks-api cursor\0${position}\0${completed}\0${user_id}`
  return Bun.SHA256.hash(text, 'base64url').slice(0, checksumLength)
}
