import { Elysia, NotFoundError, ValidationError } from 'elysia'
import { describeFailure, isUnavailable } from './database/failure.ts'
import type { Logger } from './log.ts'
import { Problem, validationFailed } from './problem.ts'
import { requestId } from './request-log.ts'
import { faultsOf } from './validation.ts'

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
      const entry = { request_id: requestId(request), reason: describeFailure(error) }
      if (problem.code === 'internal_error')
        log.error({ ...entry, stack: stackOf(error) }, 'a defect answered a request')
      else log.warn(entry, 'the database is unavailable')
    }
    set.status = problem.status
    return problem.toAnswer()
  })

function toProblem(error: unknown, methods: () => string[]): Problem {
  if (error instanceof Problem) return error
  if (error instanceof NotFoundError) return noRoute(methods())
  if (error instanceof ValidationError) {
    const faults = faultsOf(error)
    if (faults) return validationFailed(faults)
  }
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

/** Where an error was made and what made it, without Drizzle's wrapping, whose message has the statement's parameters. */
function stackOf(error: unknown): string | undefined {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return root instanceof Error ? root.stack : undefined
}
