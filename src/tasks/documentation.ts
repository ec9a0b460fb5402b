import type { DocumentDecoration } from 'elysia'
import { Problem, validationFailed } from '../problem.ts'
import { UserId } from './model.ts'

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

const user = { name: 'user_id', in: 'path', required: true, description: 'Whose tasks', schema: UserId }

const id = {
  name: 'task_id',
  in: 'path',
  required: true,
  description: "The task's id. One of another form is one that no task has.",
  schema: { type: 'string' as const, format: 'uuid', example: task.id }
}

const theTask = (description: string, example: typeof task) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Task' }, example } }
})

const aProblem = (description: string, problem: Problem) => ({
  description,
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      example: problem.toDocument()
    }
  }
})

const tooLong = { loc: ['body', 'title'], msg: 'must be at most 200 characters', type: 'string_too_long' }
const control = { loc: ['path', 'user_id'], msg: 'must be percent-encoded UTF-8', type: 'string_unicode' }

const anyone = {
  400: aProblem('The user id breaks a rule', validationFailed([control])),
  500: aProblem('A defect of the service', new Problem('internal_error', 'the service failed to answer')),
  503: aProblem('The database is away; try again', new Problem('database_unavailable', 'the database is not available'))
}

const ofATask = {
  404: aProblem('The user has no such task', new Problem('task_not_found', 'the user has no task with this id'))
}

const withBody = {
  400: aProblem('The user id or the body breaks a rule', validationFailed([tooLong])),
  413: aProblem('The body is too large', new Problem('payload_too_large', 'the body must be at most 65536 bytes')),
  415: aProblem(
    'The body is not declared as JSON',
    new Problem('unsupported_media_type', 'the body must be declared as Content-Type: application/json')
  )
}

/** What the OpenAPI document says of the six operations, beyond their parameters and bodies. */
export const operations = {
  list: {
    operationId: 'listTasks',
    tags: ['tasks'],
    summary: "List a user's tasks",
    parameters: [user],
    description: 'Newest first. A user without tasks has an empty list.',
    responses: {
      200: {
        description: 'The tasks',
        content: {
          'application/json': {
            schema: { type: 'array', items: { $ref: '#/components/schemas/Task' } },
            example: [task]
          }
        }
      },
      ...anyone
    }
  },
  create: {
    operationId: 'createTask',
    tags: ['tasks'],
    summary: 'Create a task',
    parameters: [user],
    description: 'Unknown and read-only properties are ignored.',
    responses: {
      201: {
        ...theTask('The new task', task),
        headers: { Location: { description: "The task's address", schema: { type: 'string' } } }
      },
      ...anyone,
      ...withBody
    }
  },
  get: {
    operationId: 'getTask',
    tags: ['tasks'],
    summary: 'Read a task',
    parameters: [user, id],
    responses: { 200: theTask('The task', task), ...anyone, ...ofATask }
  },
  update: {
    operationId: 'updateTask',
    tags: ['tasks'],
    summary: 'Change a task',
    parameters: [user, id],
    description:
      'Changes the properties that are sent, at least one. `"description": null` clears it. Unknown and read-only properties are ignored.',
    responses: { 200: theTask('The task as it now is', changed), ...anyone, ...ofATask, ...withBody }
  },
  remove: {
    operationId: 'deleteTask',
    tags: ['tasks'],
    summary: 'Delete a task',
    parameters: [user, id],
    description: 'For good.',
    responses: {
      200: {
        description: 'The task is gone',
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/Deleted' },
            example: { message: 'Task deleted successfully' }
          }
        }
      },
      ...anyone,
      ...ofATask
    }
  },
  toggle: {
    operationId: 'toggleTaskCompletion',
    tags: ['tasks'],
    summary: 'Flip whether a task is done',
    parameters: [user, id],
    description: 'Takes no body.',
    responses: { 200: theTask('The task as it now is', changed), ...anyone, ...ofATask }
  }
} satisfies Record<string, DocumentDecoration>
