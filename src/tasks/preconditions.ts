import { type Fault, Problem, validationFailed } from '../problem.ts'
import type { Task } from './model.ts'

/** What a request makes its effect depend on: the tags of which one must, or none may, be the current one. */
export type Preconditions = {
  /** From `If-Match`; null where it sets no condition. */
  match: readonly string[] | null
  /** From `If-None-Match`; `*` is every tag. */
  noneMatch: readonly string[] | '*' | null
}

/** One entity tag (RFC 9110 §8.8.3). */
const entityTag = '(W/)?"([!#-~\\u0080-\\u00ff]*)"'

/** `If-Match` and `If-None-Match`: `*`, or a list of tags, which may have empty elements (RFC 9110 §5.6.1, §13.1). */
export const tagsPattern = `^(\\*|[\\t ,]*${entityTag}([\\t ]*,[\\t ,]*${entityTag})*[\\t ,]*)$`

const wellFormed = new RegExp(tagsPattern)

/** The longest list of tags that is read, in characters. */
export const maxTagsLength = 8000

/** @returns the strong entity tag of a task, without its quotes: it changes with every change of the row */
export const tagOf = ({ updated_at }: Task) => updated_at

/** @returns the strong entity tag of a page of tasks: it changes with every change of what the page shows */
export function tagOfList(tasks: readonly Task[], more: boolean): string {
  let content = String(more)
  for (const task of tasks) content += task.id + tagOf(task)
  return Bun.SHA256.hash(content, 'base64url')
}

/**
 * @param headers a request's
 * @throws {Problem} `validation_failed` where a header is no list of entity tags
 */
export function preconditionsOf(headers: Headers): Preconditions {
  const faults: Fault[] = []
  const [ifMatch, ifNoneMatch] = ['if-match', 'if-none-match'].map((name) => {
    const value = headers.get(name)
    if (value !== null && (value.length > maxTagsLength || !wellFormed.test(value))) faults.push(malformed(name))
    return value
  })
  if (faults.length > 0) throw validationFailed(faults)
  return {
    // A weak tag never equals another in the strong comparison that If-Match takes (RFC 9110 §8.8.3.2).
    match: ifMatch == null || ifMatch === '*' ? null : tagsIn(ifMatch).flatMap(({ weak, tag }) => (weak ? [] : [tag])),
    noneMatch: ifNoneMatch == null ? null : ifNoneMatch === '*' ? '*' : tagsIn(ifNoneMatch).map(({ tag }) => tag)
  }
}

const malformed = (name: string): Fault => ({
  loc: ['header', name],
  msg: 'must be * or a list of entity tags, each in double quotes',
  type: 'string_pattern_mismatch'
})

function tagsIn(list: string): { weak: boolean; tag: string }[] {
  return [...list.matchAll(new RegExp(entityTag, 'g'))].map(([, weak, tag = '']) => ({ weak: weak !== undefined, tag }))
}

/**
 * What becomes of reading something that is there (RFC 9110 §13.2.2).
 *
 * @param tag its current entity tag, without quotes
 * @returns whether the client has it already, so that 304 answers
 * @throws {Problem} `precondition_failed`
 */
export function isUnchanged({ match, noneMatch }: Preconditions, tag: string): boolean {
  if (match && !match.includes(tag)) throw preconditionFailed()
  return noneMatch === '*' || (noneMatch?.includes(tag) ?? false)
}

export const preconditionFailed = () =>
  new Problem('precondition_failed', 'the task is not as the request supposes, read it again')
