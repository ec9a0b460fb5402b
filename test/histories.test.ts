import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Task } from '../src/tasks/model.ts'
import { sharedPostgres, sharedProxy } from './support/databases.ts'
import { taskIn } from './support/expect.ts'
import { linearize, type Operation, type Specification } from './support/linearizability.ts'
import { type Answer, newUser, start, type TestService } from './support/service.ts'

/** How many histories are recorded; many more find what is rare. */
const runs = Number(process.env['HISTORIES'] ?? 100)

type Input =
  | { kind: 'read' | 'toggle' | 'delete' }
  | { kind: 'update'; title: string }
  /** With the tag of the last answer that this client had. */
  | { kind: 'update if unchanged'; title: string; tag: string }

/** What a client saw. */
type Output = { status: number; task: Task | null; tag: string }

/** The task, or null once it is deleted. */
type State = Task | null

const tagOf = ({ updated_at }: Task) => `"${updated_at}"`

/** What may be answered in a state, and the state that it leaves. */
const specification = (initial: Task): Specification<State, Input, Output> => ({
  initial,
  key: (state) => JSON.stringify(state),
  step(state, input, { status, task, tag }) {
    if (state === null) return status === 404 ? null : undefined
    if (input.kind === 'update if unchanged' && input.tag !== tagOf(state)) return status === 412 ? state : undefined
    if (status !== 200) return undefined
    if (input.kind === 'delete') return null
    if (task === null || tag !== tagOf(task)) return undefined
    if (input.kind === 'read') return Bun.deepEquals(task, state) ? state : undefined
    const change =
      'title' in input ? { title: input.title } : input.kind === 'toggle' && { completed: !state.completed }
    const expected = { ...state, ...change, updated_at: task.updated_at }
    return task.updated_at > state.updated_at && Bun.deepEquals(task, expected) ? task : undefined
  }
})

let services: TestService[]
beforeAll(async () => {
  const DATABASE_URL = (await (await sharedPostgres()).createDatabase()).href
  const NEON_WS_PROXY = sharedProxy().address
  services = [
    await start({ DATABASE_URL }),
    await start({ DATABASE_URL }),
    await start({ DATABASE_URL, NEON_WS_PROXY })
  ]
})
afterAll(() => Promise.all(services.map(({ stop }) => stop())))

async function send(service: TestService, path: string, input: Input): Promise<Output> {
  const answer = await answerTo(service, path, input)
  const task = answer.status === 200 && input.kind !== 'delete' ? taskIn(answer) : null
  return { status: answer.status, task, tag: answer.headers.get('etag') ?? '' }
}

function answerTo({ call }: TestService, path: string, input: Input): Promise<Answer> {
  switch (input.kind) {
    case 'read':
      return call('GET', path)
    case 'toggle':
      return call('PATCH', `${path}/complete`)
    case 'delete':
      return call('DELETE', path)
    case 'update':
      return call('PUT', path, { json: { title: input.title } })
    case 'update if unchanged':
      return call('PUT', path, { json: { title: input.title }, headers: { 'if-match': input.tag } })
  }
}

/** Has clients send to one task at once, each its own requests in turn through an instance of its own. */
async function record(task: Task, clients: Input['kind'][][]): Promise<Operation<Input, Output>[]> {
  const history: Operation<Input, Output>[] = []
  const path = `/api/${task.user_id}/tasks/${task.id}`
  const client = async (kinds: Input['kind'][], number: number) => {
    const service = services[number % services.length]
    if (!service) throw new Error('no service runs')
    let tag = tagOf(task)
    for (const [turn, kind] of kinds.entries()) {
      const title = `${number}.${turn}`
      const input: Input =
        kind === 'update' ? { kind, title } : kind === 'update if unchanged' ? { kind, title, tag } : { kind }
      const called = performance.now()
      const output = await send(service, path, input)
      history.push({ called, returned: performance.now(), input, output })
      tag = output.tag || tag
    }
  }
  await Promise.all(clients.map(client))
  return history
}

const kinds = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Input['kind'][]>('read', 'toggle', 'update', 'update if unchanged') },
  { weight: 1, arbitrary: fc.constant<Input['kind']>('delete') }
)
const clients = fc
  .array(fc.array(kinds, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 })
  .filter((clients) => clients.flat().length <= 10)

test('what concurrent clients of several instances see of a task has an order', async () => {
  let operations = 0
  await fc.assert(
    fc.asyncProperty(clients, async (clients) => {
      const [service] = services
      const created = await service?.call('POST', `/api/${newUser()}/tasks`, { json: { title: 'x' } })
      if (!created) throw new Error('no service runs')
      const task = taskIn(created, 201)
      const history = await record(task, clients)
      operations += history.length
      expect(linearize(history, specification(task)), JSON.stringify(history, null, 1)).toBeDefined()
    }),
    { numRuns: runs, endOnFailure: true }
  )
  expect(operations).toBeGreaterThan(runs)
})

test('a history that has no order is found out', () => {
  const task = {
    id: '',
    user_id: 'u',
    title: 'x',
    description: null,
    completed: false,
    created_at: '1',
    updated_at: '1'
  }
  const changed = (title: string, updated_at: string) => ({ ...task, title, updated_at })
  const update = (title: string, updated_at: string, called: number, returned: number): Operation<Input, Output> => ({
    called,
    returned,
    input: { kind: 'update if unchanged', title, tag: '"1"' },
    output: { status: 200, task: changed(title, updated_at), tag: `"${updated_at}"` }
  })
  const order = (history: Operation<Input, Output>[]) => linearize(history, specification(task))
  expect(order([update('a', '2', 0, 1)])).toEqual([0])
  // Two writers with one tag, both let through.
  expect(order([update('a', '2', 0, 2), update('b', '3', 1, 3)])).toBeUndefined()
  // A write that was acknowledged, and a later reader who does not see it.
  const read: Operation<Input, Output> = {
    called: 2,
    returned: 3,
    input: { kind: 'read' },
    output: { status: 200, task, tag: '"1"' }
  }
  expect(order([update('a', '2', 0, 1), read])).toBeUndefined()
  // A tag that does not grow.
  expect(order([update('a', '1', 0, 1)])).toBeUndefined()
})
