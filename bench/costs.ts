/**
 * What the executable costs: its size, the memory it takes, and the time from its start to the first 200 of `/ready`.
 *
 * Usage: bun run build && bun bench/costs.ts [EXECUTABLE]
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../test/support/postgres.ts'
import { startContender } from './support/contender.ts'
import { median, memoryOf } from './support/measures.ts'

const executable = process.argv[2] ?? 'dist/tasks-api'
const rounds = 7
/** After how many requests the memory is read. */
const marks = [100_000, 1_000_000]

const start = (DATABASE_URL: string) => startContender([executable], { DATABASE_URL }, '/ready')

async function startTime(name: string, url: () => string): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const running = await start(url())
    times.push(running.startTime)
    await running.stop()
  }
  const [least, most] = [Math.min(...times), Math.max(...times)].map((time) => time.toFixed(0))
  console.log(`| start, ${name} | ${median(times).toFixed(0)} ms (${least} to ${most}) |`)
}

async function memory(name: string, url: string): Promise<void> {
  const running = await start(url)
  await Bun.sleep(1000)
  console.log(`| memory at rest, ${name} | ${(await memoryOf(running.pid)).toFixed(0)} MB |`)
  let sent = 0
  for (const mark of marks) {
    const client = async (user: number) => {
      const tasks = `${running.origin}/api/user-${user}/tasks`
      const headers = { 'content-type': 'application/json' }
      while (sent < mark) {
        const creates = sent++ % 10 === 0
        const answer = await fetch(
          creates ? tasks : `${tasks}?limit=10`,
          creates ? { method: 'POST', headers, body: '{"title":"x"}' } : {}
        )
        if (!answer.ok) throw new Error(`it answered ${answer.status}`)
        await answer.arrayBuffer()
      }
    }
    await Promise.all(Array.from({ length: 32 }, (_, user) => client(user)))
    const count = mark.toLocaleString('en')
    console.log(`| memory after ${count} requests, ${name} | ${(await memoryOf(running.pid)).toFixed(0)} MB |`)
  }
  await running.stop()
}

const folder = await mkdtemp(join(tmpdir(), 'tasks-api-costs-'))
const postgres = await startPostgres()
console.log('| what | cost |\n|---|---|')
console.log(`| size | ${((await stat(executable)).size / 1e6).toFixed(1)} MB |`)
const server = await postgres.createDatabase()
let folders = 0
await startTime('on PostgreSQL', () => server.href)
await startTime('embedded, an existing folder', () => `pglite:${join(folder, 'kept')}`)
await startTime('embedded, a new folder', () => `pglite:${join(folder, String(folders++))}`)
await memory('on PostgreSQL', server.href)
await memory('embedded', `pglite:${join(folder, 'kept')}`)
await postgres.stop()
await rm(folder, { recursive: true })
