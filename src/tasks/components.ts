import type { TString } from '@sinclair/typebox'
import { t } from 'elysia'
import { Problem, type ProblemCode, validationFailed } from '../problem.ts'
import { keyPattern, maxKeyLength } from './idempotency.ts'
import { listLimit, TaskId, UserId } from './model.ts'
import { cursorPattern } from './pages.ts'
import { maxTagsLength, tagsPattern } from './preconditions.ts'

/** The task of every example. */
export const task = {
  id: '019c32d4-9f40-7000-8000-3f1d2c4b5a69',
  user_id: 'ada',
  title: 'Write the report',
  description: 'Two pages, by Friday',
  completed: false,
  created_at: '2026-02-06T10:30:00.000000Z',
  updated_at: '2026-02-06T10:30:00.000000Z'
}

export const changed = { ...task, completed: true, updated_at: '2026-02-06T11:00:00.000000Z' }

export const user_id = {
  name: 'user_id',
  in: 'path',
  required: true,
  description: 'Whose tasks',
  example: 'ada',
  schema: UserId
}

export const task_id = {
  name: 'task_id',
  in: 'path',
  required: true,
  description: 'Which task. An id of another form is one that no task has.',
  example: task.id,
  schema: TaskId
}

export const limit = {
  name: 'limit',
  in: 'query',
  description: 'How many tasks a page has at most',
  schema: { type: 'integer' as const, format: 'int32', minimum: 1, maximum: listLimit, default: listLimit }
}

export const completed = {
  name: 'completed',
  in: 'query',
  description: 'Only tasks that are done, or only those that are not',
  schema: { type: 'boolean' as const }
}

export const cursor = {
  name: 'cursor',
  in: 'query',
  description: 'Where the page starts: taken from the Link of the page before, good for the same user and filter',
  schema: { type: 'string' as const, format: 'opaque', maxLength: 104, pattern: cursorPattern }
}

const header = (name: string, description: string, pattern: string, maxLength: number) => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' as const, maxLength, pattern }
})

export const preconditions = [
  header('If-Match', 'Entity tags, of which one must be the current one, or *', tagsPattern, maxTagsLength),
  header('If-None-Match', 'Entity tags, of which none may be the current one, or *', tagsPattern, maxTagsLength)
]

export const idempotencyKey = header(
  'Idempotency-Key',
  'Makes the creation safe to repeat: the same request with the same key makes one task',
  keyPattern,
  maxKeyLength
)

/** @returns a reference to one of the document's components */
export const component = (kind: 'headers' | 'responses' | 'schemas', name: string) => ({
  $ref: `#/components/${kind}/${name}`
})

const standingHeaders = {
  'X-Request-Id': component('headers', 'X-Request-Id'),
  'X-Content-Type-Options': component('headers', 'X-Content-Type-Options'),
  'Access-Control-Allow-Origin': component('headers', 'Access-Control-Allow-Origin')
}

/** A response with a task, or with tasks. */
export const success = (description: string, schema: string, example: object, headers: object = {}) => ({
  description,
  headers: { ...standingHeaders, 'Cache-Control': component('headers', 'Cache-Control'), ...headers },
  content: { 'application/json': { schema: component('schemas', schema), example } }
})

/** A response with a problem document: which codes it can have, and one of them as the example. */
function problem(description: string, example: Problem, codes: ProblemCode[] = [example.code], headers: object = {}) {
  const narrowed = {
    type: 'object' as const,
    properties: { status: { enum: [example.status] }, code: { enum: codes } }
  }
  return {
    description,
    headers: { ...standingHeaders, 'Cache-Control': component('headers', 'No-Store'), ...headers },
    content: {
      'application/problem+json': {
        schema: { allOf: [component('schemas', 'Problem'), narrowed] },
        example: example.toDocument()
      }
    }
  }
}

const tooLong = { loc: ['body', 'title'], msg: 'must be at most 200 characters', type: 'string_too_long' }
const notUtf8 = { loc: ['path', 'user_id'], msg: 'must be percent-encoded UTF-8', type: 'string_unicode' }

/** The responses that operations share, as components. */
export const responses = {
  NotModified: {
    description: 'The client has it already: its tag is in If-None-Match',
    headers: {
      ...standingHeaders,
      'Cache-Control': component('headers', 'Cache-Control'),
      ETag: component('headers', 'ETag')
    }
  },
  BadRequest: problem('A parameter breaks a rule', validationFailed([notUtf8])),
  BadBody: problem('A parameter or the body breaks a rule', validationFailed([tooLong]), [
    'validation_failed',
    'malformed_json'
  ]),
  TaskNotFound: problem(
    'The user has no such task',
    new Problem('task_not_found', 'the user has no task with this id')
  ),
  PreconditionFailed: problem(
    'The task is not, or no longer, as If-Match or If-None-Match supposes',
    new Problem('precondition_failed', 'the task is not as the request supposes, read it again')
  ),
  PayloadTooLarge: problem(
    'The body is over 64 KiB',
    new Problem('payload_too_large', 'the body must be at most 65536 bytes')
  ),
  UnsupportedMediaType: problem(
    'The body is not declared as JSON, or is compressed',
    new Problem('unsupported_media_type', 'the body must be declared as Content-Type: application/json')
  ),
  IdempotencyKeyReused: problem(
    'The Idempotency-Key was used before, for a different task',
    new Problem('idempotency_key_reused', 'the key was used before, for a different task')
  ),
  InternalError: problem('A defect of the service', new Problem('internal_error', 'the service failed to answer')),
  DatabaseUnavailable: problem(
    'The database can not be reached, or did not answer in time',
    new Problem('database_unavailable', 'the database is not available, try again'),
    ['database_unavailable', 'identity_unavailable'],
    { 'Retry-After': component('headers', 'Retry-After') }
  )
}

type IntegerSchema = { type: 'integer'; format: string; minimum: number; maximum: number }

const answerHeader = (description: string, schema: TString | IntegerSchema) => ({ description, required: true, schema })

/** The headers of answers, as components. */
export const headers = {
  'X-Request-Id': answerHeader(
    "The request's own X-Request-Id where it has 1 to 128 visible ASCII characters, or a new one",
    t.String({ minLength: 1, maxLength: 128, pattern: '^[!-~]+$' })
  ),
  'X-Content-Type-Options': answerHeader('Always nosniff', t.String({ enum: ['nosniff'] })),
  'Access-Control-Allow-Origin': {
    ...answerHeader("The request's own Origin, where its pages may call", t.String({ format: 'uri', maxLength: 300 })),
    required: false
  },
  'Cache-Control': answerHeader(
    'May be kept by the user alone, and used only after asking again',
    t.String({ enum: ['private, no-cache'] })
  ),
  'No-Store': answerHeader('May not be kept', t.String({ enum: ['no-store'] })),
  ETag: answerHeader(
    'The strong entity tag of this state, for If-Match and If-None-Match',
    t.String({ pattern: '^"[!#-~]+"$', maxLength: 100 })
  ),
  Link: {
    ...answerHeader(
      'The next page, with rel="next", where more tasks remain (RFC 8288)',
      t.String({ pattern: '^<[!-~]+>; rel="next"$', maxLength: 5000 })
    ),
    required: false
  },
  'Idempotent-Replayed': {
    ...answerHeader('There where the task was created by an earlier request', t.String({ enum: ['true'] })),
    required: false
  },
  Location: answerHeader("The new task's address", t.String({ format: 'uri-reference', maxLength: 5000 })),
  'Retry-After': answerHeader('After how many seconds to try again', {
    type: 'integer',
    format: 'int32',
    minimum: 1,
    maximum: 60
  })
}

/** The name of the one way to say who one is. */
export const bearer = 'bearer'

/** What there is besides where every request carries a token. */
export const security = {
  securitySchemes: {
    [bearer]: {
      type: 'http' as const,
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        "A JSON Web Token of the issuer that the service trusts, verified by the rules of RFC8725, whose subject is the path's user_id"
    }
  },
  responses: {
    Unauthenticated: problem(
      'There is no token, or no good one',
      new Problem('unauthenticated', 'a bearer token is needed'),
      ['unauthenticated'],
      { 'WWW-Authenticate': component('headers', 'WWW-Authenticate') }
    )
  },
  headers: {
    'WWW-Authenticate': answerHeader(
      'What is needed, and what is wrong with the token that came (RFC 6750)',
      t.String({ pattern: '^Bearer( error="invalid_token", error_description="[ !#-~]+")?$', maxLength: 200 })
    )
  }
}
