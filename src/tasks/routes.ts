import { Elysia } from 'elysia'
import { identity } from '../identity.ts'
import { readJson } from '../json-body.ts'
import { Problem, validationFailed } from '../problem.ts'
import { operations } from './documentation.ts'
import { type Task, TaskChange, TaskDraft } from './model.ts'
import type { TasksOf } from './store.ts'

/**
 * The six endpoints.
 *
 * @param tasksOf the store
 */
export const taskRoutes = (tasksOf: TasksOf) =>
  new Elysia({ name: 'tasks', prefix: '/api/:user_id/tasks' })
    .use(identity(tasksOf))
    .model({ TaskDraft, TaskChange })
    .onAfterHandle(({ set }) => {
      set.headers['cache-control'] = 'private, no-cache'
    })

    .get('', ({ tasks }) => tasks.list(), { detail: operations.list })

    .get('/:task_id', async ({ tasks, params }) => found(await tasks.get(params.task_id)), { detail: operations.get })

    .delete(
      '/:task_id',
      async ({ tasks, params }) => {
        if (!(await tasks.remove(params.task_id))) throw notFound()
        return { message: 'Task deleted successfully' } as const
      },
      { detail: operations.remove }
    )

    .patch('/:task_id/complete', async ({ tasks, params }) => found(await tasks.toggle(params.task_id)), {
      detail: operations.toggle
    })

    .post(
      '',
      async ({ tasks, body, set, path }) => {
        const task = await tasks.create(body)
        set.status = 201
        set.headers['location'] = `${path}/${task.id}`
        return task
      },
      { ...jsonBody, body: 'TaskDraft', detail: operations.create }
    )

    .put(
      '/:task_id',
      async ({ tasks, params, body }) => {
        const { title, description, completed } = body
        // In the schema this is `anyOf`, which TypeBox leaves to the document.
        if (title === undefined && description === undefined && completed === undefined) throw nothingToChange()
        return found(await tasks.update(params.task_id, body))
      },
      { ...jsonBody, body: 'TaskChange', detail: operations.update }
    )

/**
 * Elysia parses a body before it derives anything. Here it is read afterwards, once the user is known: the parser leaves
 * it alone, and the 'json' behind it, never reached, is what the documentation shows.
 */
const jsonBody = { parse: [() => null, 'json' as const], transform: readBody }

async function readBody(context: { request: Request; body: unknown }): Promise<void> {
  context.body = await readJson(context.request)
}

function found(task: Task | undefined): Task {
  if (!task) throw notFound()
  return task
}

const notFound = () => new Problem('task_not_found', 'the user has no task with this id')

const nothingToChange = () =>
  validationFailed([{ loc: ['body'], msg: 'must have one of title, description and completed', type: 'missing' }])
