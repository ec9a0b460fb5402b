import type { DocumentDecoration } from 'elysia'
import {
  bearer,
  changed,
  completed,
  component,
  cursor,
  idempotencyKey,
  limit,
  preconditions,
  type responses,
  success,
  task,
  task_id,
  user_id
} from './components.ts'

const response = (name: keyof typeof responses) => component('responses', name)
const tag = { ETag: component('headers', 'ETag') }

const always = {
  400: response('BadRequest'),
  500: response('InternalError'),
  503: response('DatabaseUnavailable')
}
const onATask = { 404: response('TaskNotFound'), 412: response('PreconditionFailed') }
const withBody = {
  400: response('BadBody'),
  413: response('PayloadTooLarge'),
  415: response('UnsupportedMediaType')
}

/** What can be done with a new task, for tools that follow links. */
const linkTo = (operationId: string) => ({
  operationId,
  parameters: { user_id: '$request.path.user_id', task_id: '$response.body#/id' }
})

/** What the OpenAPI document says of the six operations, beyond their bodies, where no token is needed. */
export const openOperations = {
  list: {
    operationId: 'listTasks',
    tags: ['tasks'],
    summary: "List a user's tasks",
    description:
      'Newest first, a page at a time. Where more remain, Link has the address of the next page. Walking the pages shows every task that is there throughout exactly once.',
    parameters: [user_id, limit, completed, cursor, ...preconditions],
    responses: {
      200: success("The user's tasks", 'TaskList', [task], { ...tag, Link: component('headers', 'Link') }),
      304: response('NotModified'),
      412: response('PreconditionFailed'),
      ...always
    }
  },
  create: {
    operationId: 'createTask',
    tags: ['tasks'],
    summary: 'Create a task',
    description:
      'The task gets an id, is not completed, and belongs to the user in the path. With an Idempotency-Key the request may be repeated: it makes one task, and its repeats answer with that task as it then is.',
    parameters: [user_id, idempotencyKey],
    responses: {
      201: {
        ...success('The new task', 'Task', task, {
          ...tag,
          Location: component('headers', 'Location'),
          'Idempotent-Replayed': component('headers', 'Idempotent-Replayed')
        }),
        links: {
          get: linkTo('getTask'),
          update: linkTo('updateTask'),
          delete: linkTo('deleteTask'),
          toggle: linkTo('toggleTaskCompletion')
        }
      },
      422: response('IdempotencyKeyReused'),
      ...always,
      ...withBody
    }
  },
  get: {
    operationId: 'getTask',
    tags: ['tasks'],
    summary: 'Read a task',
    description: "Another user's task is not found, just as one that never existed.",
    parameters: [user_id, task_id, ...preconditions],
    responses: { 200: success('The task', 'Task', task, tag), 304: response('NotModified'), ...always, ...onATask }
  },
  update: {
    operationId: 'updateTask',
    tags: ['tasks'],
    summary: 'Change a task',
    description:
      'Changes the properties that are sent, and no others. A null description clears it. Without If-Match the last write wins.',
    parameters: [user_id, task_id, ...preconditions],
    responses: { 200: success('The task as it now is', 'Task', changed, tag), ...always, ...onATask, ...withBody }
  },
  remove: {
    operationId: 'deleteTask',
    tags: ['tasks'],
    summary: 'Delete a task',
    description: 'For good.',
    parameters: [user_id, task_id, ...preconditions],
    responses: {
      200: success('The task is gone', 'Deleted', { message: 'Task deleted successfully' }),
      ...always,
      ...onATask
    }
  },
  toggle: {
    operationId: 'toggleTaskCompletion',
    tags: ['tasks'],
    summary: 'Flip whether a task is done',
    description: 'Takes no body. Of requests that race, each flips once.',
    parameters: [user_id, task_id, ...preconditions],
    responses: { 200: success('The task as it now is', 'Task', changed, tag), ...always, ...onATask }
  }
} satisfies Record<string, DocumentDecoration>

/** What it says of them where every request carries a token: another user's path is no path to a task. */
export const securedOperations = {
  list: secured(openOperations.list),
  create: secured(openOperations.create),
  get: secured(openOperations.get),
  update: secured(openOperations.update),
  remove: secured(openOperations.remove),
  toggle: secured(openOperations.toggle)
}

function secured<Operation extends DocumentDecoration>(operation: Operation) {
  const responses = { 401: component('responses', 'Unauthenticated'), 404: response('TaskNotFound') }
  return { ...operation, security: [{ [bearer]: [] }], responses: { ...responses, ...operation.responses } }
}
