import { DrizzleQueryError } from 'drizzle-orm/errors'
import { Elysia, NotFoundError } from 'elysia'
import { describeFailure, isUnavailable } from './database/failure.ts'
import type { Logger } from './log.ts'
import { Problem } from './problem.ts'
import { requestId } from './request-log.ts'

/** How long a client waits before it asks again while the database is away, in seconds. */
const retryAfter = '1'

/**
 * Answers everything that is thrown below it with a problem document. It covers what is registered after it.
 *
 * @param log gets what a client must not see
 * @param methodsAt the methods that the service knows for a path
 */
export const errors = (log: Logger, methodsAt: (path: string) => string[]) =>
  new Elysia({ name: 'errors' }).onError({ as: 'global' }, ({ error, request, path, set }) => {
    const problem = toProblem(error, () => methodsAt(path))
    if (problem.status >= 500) {
      const statement = error instanceof DrizzleQueryError ? error.query : undefined
      const entry = { request_id: requestId(request), reason: describeFailure(error), statement }
      if (problem.code === 'database_unavailable') log.warn(entry, 'the database is unavailable')
      else log.error({ ...entry, stack: framesOf(error) }, 'the service failed to answer')
    }
    set.status = problem.status
    Object.assign(set.headers, problem.headers, {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store'
    })
    // As an object: an answer that is a Response already is copied, which takes a seventh of a 400's time.
    return problem.toDocument()
  })

function toProblem(error: unknown, methods: () => string[]): Problem {
  if (error instanceof Problem) return error
  if (error instanceof NotFoundError) return noRoute(methods())
  if (isUnavailable(error)) {
    return new Problem('database_unavailable', 'the database is not available, try again', {
      'retry-after': retryAfter
    })
  }
  return new Problem('internal_error', 'the service failed to answer, its operator can find the request id in the log')
}

function noRoute(methods: string[]): Problem {
  if (methods.length === 0) return new Problem('not_found', 'there is nothing at this address')
  const allow = methods.join(', ')
  return new Problem('method_not_allowed', `this address takes ${allow}`, { allow })
}

/** Where an error was made, without its message: Drizzle's has the statement's parameters. */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || !error.stack?.includes(error.message)) return []
  const { stack, message } = error
  const frames = stack.slice(stack.indexOf(message) + message.length).trim()
  return frames.split('\n').map((frame) => frame.trim())
}
