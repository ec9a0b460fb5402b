import { STATUS_CODES } from 'node:http'
import { Type } from '@sinclair/typebox'
import { type Static, t } from 'elysia'

/** What a program branches on, and the status each code comes with. */
const statuses = {
  validation_failed: 400,
  malformed_json: 400,
  unauthenticated: 401,
  task_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  internal_error: 500,
  database_unavailable: 503,
  identity_unavailable: 503
} as const

export type ProblemCode = keyof typeof statuses
export type ProblemStatus = (typeof statuses)[ProblemCode]

/** No answer repeats what was sent, and our own words are printable ASCII. */
const ourWords = '^[ -~]+$'

/** One fault of a request: where it is, what is wrong in words, and what is wrong for a program. */
export const Fault = t.Object(
  {
    loc: t.Array(t.String({ maxLength: 50, pattern: '^[a-z_-]+$' }), {
      minItems: 1,
      maxItems: 5,
      description: 'The way to it, from `path`, `query`, `header` or `body` on'
    }),
    msg: t.String({ maxLength: 200, pattern: ourWords, description: 'What is wrong, for a person' }),
    type: t.String({ maxLength: 50, pattern: '^[a-z_]+$', description: 'What is wrong, for a program' })
  },
  { additionalProperties: false, description: 'One fault of a request' }
)
export type Fault = Static<typeof Fault>

export const ProblemDocument = t.Object(
  {
    type: t.Literal('about:blank'),
    title: t.String({ maxLength: 50, pattern: ourWords, description: "The status in HTTP's words" }),
    // Elysia's t.Integer takes text as well.
    status: Type.Integer({ minimum: 400, maximum: 599, format: 'int32' }),
    code: t.String({ enum: Object.keys(statuses), description: 'What a program branches on' }),
    detail: t.String({ maxLength: 1000, pattern: ourWords, description: 'One sentence for a person' }),
    errors: t.Optional(
      t.Array(Fault, {
        minItems: 1,
        maxItems: 20,
        description: 'Every fault of the request, with `validation_failed` alone'
      })
    )
  },
  { additionalProperties: false, description: 'What went wrong (RFC 9457)' }
)
export type ProblemDocument = Static<typeof ProblemDocument>

/**
 * An error that a client sees: thrown anywhere, answered by the one error handler as `application/problem+json`
 * (RFC 9457).
 */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number

  /**
   * @param code decides the status
   * @param detail one sentence for a person; shown to the client, so nothing internal belongs in it
   * @param headers further headers of the answer
   * @param faults every fault of the request, with `validation_failed` alone
   */
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly headers: Record<string, string> = {},
    readonly faults?: Fault[]
  ) {
    super(detail)
    this.status = statuses[code]
  }

  /** The body of the answer. */
  toDocument(): ProblemDocument {
    const { code, detail, status, faults } = this
    const title = STATUS_CODES[status] ?? 'Error'
    return { type: 'about:blank', title, status, code, detail, ...(faults && { errors: faults }) }
  }
}

/**
 * @param faults every fault that was found, one at least
 * @returns the problem that names them all
 */
export function validationFailed(faults: Fault[]): Problem {
  const detail = faults.map(({ loc, msg }) => `${loc.at(-1)}: ${msg}`).join('; ')
  return new Problem('validation_failed', detail, {}, faults)
}

/** The user has no such task; nor has who may not know. */
export const taskNotFound = () => new Problem('task_not_found', 'the user has no task with this id')
