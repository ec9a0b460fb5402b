/**
 * Opens Swagger UI in headless Chromium, with every other host unreachable, and carries out all six operations by clicks.
 *
 * Usage: bun test/browser/swagger-ui.ts [SCREENSHOT.png]
 * With IDENTITY=on it shows first that a token is needed, and gives it to Swagger UI.
 * Needs Chromium; CHROMIUM names it where it is not /usr/bin/chromium. Exit status 0 when all is as it should be.
 */
import { strict as assert } from 'node:assert'
import { STATUS_CODES } from 'node:http'
import { chromium } from 'playwright-core'
import { listLimit, type Task } from '../../src/tasks/model.ts'
import { faultsIn, problemIn, taskIn, tasksIn } from '../support/expect.ts'
import { type Answer, start } from '../support/service.ts'
import { claimsFor, hs256, identityIsOn } from '../support/tokens.ts'
import { clicksOn } from './clicks.ts'
import { watch } from './watch.ts'

const screenshot = process.argv[2]
const user_id = 'ada'
const tasks = `/api/${user_id}/tasks`
const service = await start({ DATABASE_URL: 'pglite:memory' })
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']
})
const page = await browser.newPage({ viewport: { width: 1200, height: 1500 } })
const clicks = clicksOn(page)

/** How Swagger UI shows an answer. */
const shown = (status: number, body: unknown) => ({ status: String(status), text: JSON.stringify(body, null, 2) })

const listed = async () => tasksIn(await service.call('GET', tasks))

const stored = async ({ id }: Task) => taskIn(await service.call('GET', `${tasks}/${id}`))

async function refuseBlankTitle(): Promise<Answer> {
  const blank = { title: ' ' }
  const click = await clicks.execute('createTask', { user_id }, blank)
  const answer = await service.call('POST', tasks, { json: blank })
  assert.deepEqual(faultsIn(answer), ['body.title: string_pattern_mismatch'])
  assert.deepEqual(click, shown(400, answer.body))
  assert.deepEqual(await listed(), [])
  return answer
}

async function create(): Promise<Task> {
  const click = await clicks.execute('createTask', { user_id }, { title: 'Clicked' })
  const [task, ...others] = await listed()
  assert(task, `nothing was created: ${click.text}`)
  const { title, description, completed } = task
  const expected = { title: 'Clicked', description: null, completed: false, others: [] }
  assert.deepEqual({ title, description, completed, others }, expected)
  assert.deepEqual(click, shown(201, task))
  return task
}

async function list(task: Task): Promise<void> {
  assert.deepEqual(await clicks.execute('listTasks', { user_id }), shown(200, [task]))
}

async function read(task: Task): Promise<void> {
  assert.deepEqual(await clicks.execute('getTask', { user_id, task_id: task.id }), shown(200, task))
}

async function change(task: Task): Promise<Task> {
  const wanted = { title: 'Changed', description: 'By a click' }
  const click = await clicks.execute('updateTask', { user_id, task_id: task.id }, wanted)
  return changed(task, wanted, click)
}

async function toggle(task: Task): Promise<Task> {
  const click = await clicks.execute('toggleTaskCompletion', { user_id, task_id: task.id })
  return changed(task, { completed: !task.completed }, click)
}

async function changed(task: Task, wanted: Partial<Task>, click: ReturnType<typeof shown>): Promise<Task> {
  const now = await stored(task)
  assert.deepEqual(now, { ...task, ...wanted, updated_at: now.updated_at })
  assert(now.updated_at > task.updated_at, `not later than ${task.updated_at}: ${now.updated_at}`)
  assert.deepEqual(click, shown(200, now))
  return now
}

async function remove({ id }: Task): Promise<void> {
  const click = await clicks.execute('deleteTask', { user_id, task_id: id })
  assert.deepEqual(click, shown(200, { message: 'Task deleted successfully' }))
  assert.deepEqual(await listed(), [])
}

async function readInVain({ id }: Task): Promise<Answer> {
  const click = await clicks.execute('getTask', { user_id, task_id: id })
  const answer = await service.call('GET', `${tasks}/${id}`)
  assert.deepEqual(click, shown(404, problemIn(answer, 404, 'task_not_found')))
  return answer
}

/** Where identity is on: shows that a token is needed, and gives Swagger UI one. */
async function authorize(): Promise<Answer[]> {
  if (!identityIsOn) return []
  const click = await clicks.execute('listTasks', { user_id })
  const answer = await service.call('GET', tasks, { headers: { authorization: '' } })
  assert.deepEqual(click, shown(401, problemIn(answer, 401, 'unauthenticated')))
  await clicks.authorize(hs256(claimsFor(user_id)))
  return [answer]
}

/** What Chromium itself logs of an answer that it takes for a failure. */
function failedToLoad({ status }: Answer, path: string): string {
  const reason = `the server responded with a status of ${status} (${STATUS_CODES[status]})`
  return `error: Failed to load resource: ${reason} ${service.url.origin}${path}`
}

try {
  const watched = await watch(page, service.url.origin)
  await page.goto(`${service.url.origin}/docs`)
  const operations = await clicks.operations(6)
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true })

  const denied = await authorize()
  const refused = await refuseBlankTitle()
  const task = await create()
  await list(task)
  await read(task)
  await toggle(await change(task))
  await remove(task)
  const missing = await readInVain(task)

  assert.deepEqual([...clicks.executed].toSorted(), operations.toSorted())
  assert.deepEqual(await watched.untilViolation(), {
    complaints: [
      ...denied.map((answer) => failedToLoad(answer, `${tasks}?limit=${listLimit}`)),
      failedToLoad(refused, tasks),
      failedToLoad(missing, `${tasks}/${task.id}`)
    ],
    foreign: [],
    violations: []
  })
  const answers = `showed ${refused.status} for a blank title and ${missing.status} for a deleted task`
  console.log(`Swagger UI carried out ${operations.length} operations, ${answers}, and kept to its policy and its host`)
} finally {
  await browser.close()
  await service.stop()
}
