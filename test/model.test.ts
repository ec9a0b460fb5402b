import { expect, test } from 'bun:test'
import fc, { type AsyncCommand } from 'fast-check'
import type { Task, TaskChange, TaskDraft } from '../src/tasks/model.ts'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { type Call, newUser, onEveryDatabase } from './support/service.ts'

/** What every user's list should be, newest first. */
type Model = { users: string[]; lists: Map<string, Task[]> }

/** The users are numbers here, and tasks too: those of the list of the user who has them, counted round. */
abstract class Command implements AsyncCommand<Model, Call> {
  constructor(
    readonly actor: number,
    readonly owner: number,
    readonly task: number
  ) {}

  check = () => true

  /** Sends the request, and does to the model what it should have done. */
  abstract act(model: Model, call: Call, actor: string, task: Task | undefined): Promise<void>

  async run(model: Model, call: Call): Promise<void> {
    const user = (index: number) => model.users[index % model.users.length] ?? ''
    const list = model.lists.get(user(this.owner)) ?? []
    await this.act(model, call, user(this.actor), list[this.task % Math.max(list.length, 1)])
    for (const [user, list] of model.lists) expect(tasksIn(await call('GET', `/api/${user}/tasks`))).toEqual(list)
  }

  toString = () => `${this.constructor.name}(${JSON.stringify(this)})`
}

class Create extends Command {
  constructor(
    actor: number,
    readonly draft: TaskDraft
  ) {
    super(actor, actor, 0)
  }

  async act({ lists }: Model, call: Call, actor: string): Promise<void> {
    const task = taskIn(await call('POST', `/api/${actor}/tasks`, { json: this.draft }), 201)
    const { title, description = null } = this.draft
    expect(task).toMatchObject({ user_id: actor, title: title.trim(), description, completed: false })
    lists.set(actor, [task, ...(lists.get(actor) ?? [])])
  }
}

/** A command on one task, which is another user's as often as the actor's own. */
abstract class Change extends Command {
  abstract send(call: Call, path: string): ReturnType<Call>
  abstract changed(task: Task): Partial<Task> | undefined

  async act({ lists }: Model, call: Call, actor: string, task: Task | undefined): Promise<void> {
    const answer = await this.send(call, `/api/${actor}/tasks/${task?.id ?? Bun.randomUUIDv7()}`)
    if (!task || task.user_id !== actor) return void problemIn(answer, 404, 'task_not_found')
    const list = lists.get(actor) ?? []
    const changed = this.changed(task)
    if (!changed) {
      expect(answer.status).toBe(200)
      return void lists.set(
        actor,
        list.filter((other) => other !== task)
      )
    }
    const now = taskIn(answer)
    expect(now).toEqual({ ...task, ...changed, updated_at: now.updated_at })
    expect(now.updated_at > task.updated_at).toBe(true)
    lists.set(
      actor,
      list.map((other) => (other === task ? now : other))
    )
  }
}

class Update extends Change {
  constructor(
    actor: number,
    owner: number,
    task: number,
    readonly change: TaskChange
  ) {
    super(actor, owner, task)
  }

  send = (call: Call, path: string) => call('PUT', path, { json: this.change })
  changed = () => ({ ...this.change, ...(this.change.title !== undefined && { title: this.change.title.trim() }) })
}

class Toggle extends Change {
  send = (call: Call, path: string) => call('PATCH', `${path}/complete`)
  changed = ({ completed }: Task) => ({ completed: !completed })
}

class Delete extends Change {
  send = (call: Call, path: string) => call('DELETE', path)
  changed = () => undefined
}

const title = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== '')
const description = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }))
const draft = fc.record({ title, description }, { requiredKeys: ['title'] })
const change = fc
  .record({ title, description, completed: fc.boolean() }, { requiredKeys: [] })
  .filter((change) => Object.keys(change).length > 0)
const index = fc.nat({ max: 5 })

const commands = fc.commands(
  [
    fc.tuple(index, draft).map(([actor, draft]) => new Create(actor, draft)),
    fc.tuple(index, index, index, change).map((values) => new Update(...values)),
    fc.tuple(index, index, index).map((values) => new Toggle(...values)),
    fc.tuple(index, index, index).map((values) => new Delete(...values))
  ],
  { maxCommands: 30 }
)

onEveryDatabase((call) => {
  test("after every command every list is what it should be, the other users' too", async () => {
    const property = fc.asyncProperty(commands, async (commands) => {
      const users = [newUser(), newUser(), newUser()]
      const model: Model = { users, lists: new Map(users.map((user) => [user, []])) }
      await fc.asyncModelRun(() => ({ model, real: call }), commands)
    })
    await fc.assert(property, { numRuns: 30 })
  })
})
