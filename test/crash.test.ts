import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { taskIn, tasksIn } from './support/expect.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'
import { addressOf, type ServiceProcess, spawnService } from './support/process.ts'
import { type Call, callOn } from './support/service.ts'

/** How often something is killed; more tell more. */
const kills = Number(process.env['KILLS'] ?? 3)
const timeout = 30_000 + kills * 3000

/** A user's titles by id, of which a trailing ✓ says that the task is done. */
type Titles = Map<string, string>

/** One user's client: what was acknowledged, and the one change that was not, as its answer never came. */
class Client {
  readonly acknowledged: Titles = new Map()
  pending: { id: string | undefined; title: string | undefined } | undefined
  private changes = 0

  constructor(readonly user: string) {}

  /** Changes tasks until an answer does not come, or enough was seen. @returns how many changes were acknowledged */
  async run(call: Call, isEnough: () => boolean): Promise<number> {
    const before = this.changes
    try {
      while (!isEnough()) await this.change(call)
    } catch {
      // What was asked for last may have happened, or not.
    }
    return this.changes - before
  }

  private async change(call: Call): Promise<void> {
    const path = `/api/${this.user}/tasks`
    const [id] = [...this.acknowledged.keys()].slice(this.changes % 3)
    const title = `${this.user} ${this.changes}`
    const current = this.acknowledged.get(id ?? '')
    const kind = id === undefined || this.acknowledged.size < 5 ? 0 : this.changes % 4
    if (kind === 0 || id === undefined || current === undefined) {
      this.pending = { id: undefined, title }
      const task = taskIn(await call('POST', path, { json: { title } }), 201)
      this.acknowledged.set(task.id, title)
    } else if (kind === 1) {
      this.pending = { id, title }
      expect((await call('PUT', `${path}/${id}`, { json: { title, completed: false } })).status).toBe(200)
      this.acknowledged.set(id, title)
    } else if (kind === 2) {
      const toggled = current.endsWith('✓') ? current.slice(0, -1) : `${current}✓`
      this.pending = { id, title: toggled }
      expect((await call('PATCH', `${path}/${id}/complete`)).status).toBe(200)
      this.acknowledged.set(id, toggled)
    } else {
      this.pending = { id, title: undefined }
      expect((await call('DELETE', `${path}/${id}`)).status).toBe(200)
      this.acknowledged.delete(id)
    }
    this.pending = undefined
    this.changes++
  }

  /** Expects all that was acknowledged, with or without the change that was not, and goes on from what there is. */
  async verify(call: Call): Promise<void> {
    const stored: Titles = new Map()
    for (const { id, title, completed } of tasksIn(await call('GET', `/api/${this.user}/tasks`))) {
      stored.set(id, completed ? `${title}✓` : title)
    }
    const { pending } = this
    if (pending) {
      const created = [...stored].find(([id, title]) => !this.acknowledged.has(id) && title === pending.title)
      const id = pending.id ?? created?.[0]
      const now = id === undefined ? undefined : stored.get(id)
      if (id !== undefined && now === pending.title) {
        if (now === undefined) this.acknowledged.delete(id)
        else this.acknowledged.set(id, now)
      }
    }
    expect([...stored].toSorted()).toEqual([...this.acknowledged].toSorted())
    this.pending = undefined
  }
}

let folder: string
let postgres: PostgresServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tasks-api-crash-'))
  postgres = await startPostgres()
}, 60_000)
afterAll(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true })
})

async function started(DATABASE_URL: string): Promise<{ service: ServiceProcess; call: Call }> {
  const service = spawnService({ DATABASE_URL })
  const url = await addressOf(service)
  return { service, call: callOn(url) }
}

/** Has clients write until `kill` has done its work, at a moment of its own, and sees what is there afterwards. */
async function torture(databaseUrl: string, kill: (service: ServiceProcess) => Promise<void>): Promise<void> {
  const clients = Array.from({ length: 4 }, (_, index) => new Client(`user-${index}`))
  let acknowledged = 0
  for (let round = 0; round < kills; round++) {
    const { service, call } = await started(databaseUrl)
    for (const client of clients) await client.verify(call)
    let enough = false
    const running = clients.map((client) => client.run(call, () => enough))
    await Bun.sleep(20 + Math.random() * 200)
    await kill(service)
    enough = true
    acknowledged += (await Promise.all(running)).reduce((sum, count) => sum + count)
    service.kill('SIGKILL')
    await service.ended
  }
  const { service, call } = await started(databaseUrl)
  for (const client of clients) await client.verify(call)
  service.kill('SIGTERM')
  expect((await service.ended).status).toBe(0)
  expect(acknowledged).toBeGreaterThan(kills)
  console.log(`${kills} kills, ${acknowledged} changes acknowledged, none lost`)
}

const killService = async (service: ServiceProcess) => {
  service.kill('SIGKILL')
  await service.ended
}

test(
  'what was acknowledged survives a killed service, on the embedded PostgreSQL',
  async () => {
    await torture(`pglite:${join(folder, 'data')}`, killService)
  },
  timeout
)

test(
  'what was acknowledged survives a killed service, on a PostgreSQL server',
  async () => {
    await torture((await postgres.createDatabase()).href, killService)
  },
  timeout
)

test(
  'what was acknowledged survives a killed PostgreSQL server',
  async () => {
    await torture((await postgres.createDatabase()).href, async () => {
      await postgres.kill()
      await postgres.restart()
    })
  },
  timeout
)
