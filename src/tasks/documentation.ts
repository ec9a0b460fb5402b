import type { TString } from '@sinclair/typebox'
import { type DocumentDecoration, t } from 'elysia'
import { Problem, type ProblemCode, validationFailed } from '../problem.ts'
import { TaskId, UserId } from './model.ts'

const task = {
  id: '019c32d4-9f40-7000-8000-3f1d2c4b5a69',
  user_id: 'ada',
  title: 'Write the report',
  description: 'Two pages, by Friday',
  completed: false,
  created_at: '2026-02-06T10:30:00.000000Z',
  updated_at: '2026-02-06T10:30:00.000000Z'
}

const changed = { ...task, completed: true, updated_at: '2026-02-06T11:00:00.000000Z' }

const user_id = {
  name: 'user_id',
  in: 'path',
  required: true,
  description: 'Whose tasks',
  example: 'ada',
  schema: UserId
}

const task_id = {
  name: 'task_id',
  in: 'path',
  required: true,
  description: 'Which task. An id of another form is one that no task has.',
  example: task.id,
  schema: TaskId
}

const component = (kind: 'headers' | 'responses' | 'schemas', name: string) => ({
  $ref: `#/components/${kind}/${name}`
})

const standingHeaders = {
  'X-Request-Id': component('headers', 'X-Request-Id'),
  'X-Content-Type-Options': component('headers', 'X-Content-Type-Options'),
  'Access-Control-Allow-Origin': component('headers', 'Access-Control-Allow-Origin')
}

const success = (description: string, schema: string, example: object, headers: object = {}) => ({
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

/** The problems that an operation can answer with, as components. */
export const responses = {
  BadUserId: problem('The user id breaks a rule', validationFailed([notUtf8])),
  BadRequest: problem('The user id or the body breaks a rule', validationFailed([tooLong]), [
    'validation_failed',
    'malformed_json'
  ]),
  TaskNotFound: problem(
    'The user has no such task',
    new Problem('task_not_found', 'the user has no task with this id')
  ),
  PayloadTooLarge: problem(
    'The body is over 64 KiB',
    new Problem('payload_too_large', 'the body must be at most 65536 bytes')
  ),
  UnsupportedMediaType: problem(
    'The body is not declared as JSON, or is compressed',
    new Problem('unsupported_media_type', 'the body must be declared as Content-Type: application/json')
  ),
  InternalError: problem('A defect of the service', new Problem('internal_error', 'the service failed to answer')),
  DatabaseUnavailable: problem(
    'The database can not be reached, or did not answer in time',
    new Problem('database_unavailable', 'the database is not available, try again'),
    ['database_unavailable'],
    { 'Retry-After': component('headers', 'Retry-After') }
  )
}

const response = (name: keyof typeof responses) => component('responses', name)

const always = {
  400: response('BadUserId'),
  500: response('InternalError'),
  503: response('DatabaseUnavailable')
}
const withTask = { 404: response('TaskNotFound') }
const withBody = {
  400: response('BadRequest'),
  413: response('PayloadTooLarge'),
  415: response('UnsupportedMediaType')
}

/** What can be done with a new task, for tools that follow links. */
const linkTo = (operationId: string) => ({
  operationId,
  parameters: { user_id: '$request.path.user_id', task_id: '$response.body#/id' }
})

/** What the OpenAPI document says of the six operations, beyond their bodies. */
export const operations = {
  list: {
    operationId: 'listTasks',
    tags: ['tasks'],
    summary: "List a user's tasks",
    description: 'Newest first. A user without tasks has an empty list.',
    parameters: [user_id],
    responses: { 200: success("The user's tasks", 'TaskList', [task]), ...always }
  },
  create: {
    operationId: 'createTask',
    tags: ['tasks'],
    summary: 'Create a task',
    description: 'The task gets an id, is not completed, and belongs to the user in the path.',
    parameters: [user_id],
    responses: {
      201: {
        ...success('The new task', 'Task', task, { Location: component('headers', 'Location') }),
        links: {
          get: linkTo('getTask'),
          update: linkTo('updateTask'),
          delete: linkTo('deleteTask'),
          toggle: linkTo('toggleTaskCompletion')
        }
      },
      ...always,
      ...withBody
    }
  },
  get: {
    operationId: 'getTask',
    tags: ['tasks'],
    summary: 'Read a task',
    description: "Another user's task is not found, just as one that never existed.",
    parameters: [user_id, task_id],
    responses: { 200: success('The task', 'Task', task), ...always, ...withTask }
  },
  update: {
    operationId: 'updateTask',
    tags: ['tasks'],
    summary: 'Change a task',
    description: 'Changes the properties that are sent, and no others. A null description clears it.',
    parameters: [user_id, task_id],
    responses: { 200: success('The task as it now is', 'Task', changed), ...always, ...withTask, ...withBody }
  },
  remove: {
    operationId: 'deleteTask',
    tags: ['tasks'],
    summary: 'Delete a task',
    description: 'For good.',
    parameters: [user_id, task_id],
    responses: {
      200: success('The task is gone', 'Deleted', { message: 'Task deleted successfully' }),
      ...always,
      ...withTask
    }
  },
  toggle: {
    operationId: 'toggleTaskCompletion',
    tags: ['tasks'],
    summary: 'Flip whether a task is done',
    description: 'Takes no body.',
    parameters: [user_id, task_id],
    responses: { 200: success('The task as it now is', 'Task', changed), ...always, ...withTask }
  }
} satisfies Record<string, DocumentDecoration>

type IntegerSchema = { type: 'integer'; format: string; minimum: number; maximum: number }

const header = (description: string, schema: TString | IntegerSchema) => ({ description, required: true, schema })

/** The headers of answers, as components. */
export const headers = {
  'X-Request-Id': header(
    "The request's own X-Request-Id where it has 1 to 128 visible ASCII characters, or a new one",
    t.String({ minLength: 1, maxLength: 128, pattern: '^[!-~]+$' })
  ),
  'X-Content-Type-Options': header('Always nosniff', t.String({ enum: ['nosniff'] })),
  'Access-Control-Allow-Origin': {
    ...header("The request's own Origin, where its pages may call", t.String({ format: 'uri', maxLength: 300 })),
    required: false
  },
  'Cache-Control': header(
    'May be kept by the user alone, and used only after asking again',
    t.String({ enum: ['private, no-cache'] })
  ),
  'No-Store': header('May not be kept', t.String({ enum: ['no-store'] })),
  Location: header("The new task's address", t.String({ format: 'uri-reference', maxLength: 5000 })),
  'Retry-After': header('After how many seconds to try again', {
    type: 'integer',
    format: 'int32',
    minimum: 1,
    maximum: 60
  })
}
