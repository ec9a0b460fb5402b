/**
 * What the executable costs: its size, the memory it takes, and the time from its start to the first 200 of `/ready`.
 *
 * Usage: bun run build && bun bench/costs.ts [EXECUTABLE]
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/support/free-port.ts'
import { startPostgres } from '../test/support/postgres.ts'

const executable = process.argv[2] ?? 'dist/tasks-api'
const rounds = 7
const requests = 100_000

type Running = { url: string; milliseconds: number; memory(): Promise<number>; stop(): Promise<void> }

async function start(DATABASE_URL: string): Promise<Running> {
  const port = String(freePort())
  const url = `http://127.0.0.1:${port}`
  const began = performance.now()
  const child = Bun.spawn([executable], { env: { DATABASE_URL, PORT: port }, stdout: 'ignore', stderr: 'inherit' })
  const isReady = () =>
    fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false
    )
  while (!(await isReady())) await Bun.sleep(1)
  return {
    url,
    milliseconds: performance.now() - began,
    async memory() {
      const status = await Bun.file(`/proc/${child.pid}/status`).text()
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000
    },
    async stop() {
      child.kill()
      await child.exited
    }
  }
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

async function startTime(name: string, url: () => string): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const running = await start(url())
    times.push(running.milliseconds)
    await running.stop()
  }
  const [least, most] = [Math.min(...times), Math.max(...times)].map((time) => time.toFixed(0))
  console.log(`| start, ${name} | ${median(times).toFixed(0)} ms (${least} to ${most}) |`)
}

async function memory(name: string, url: string): Promise<void> {
  const running = await start(url)
  await Bun.sleep(1000)
  console.log(`| memory at rest, ${name} | ${(await running.memory()).toFixed(0)} MB |`)
  let left = requests
  const client = async (user: number) => {
    const tasks = `${running.url}/api/user-${user}/tasks`
    const headers = { 'content-type': 'application/json' }
    while (left-- > 0) {
      const creates = left % 10 === 0
      const answer = await fetch(
        creates ? tasks : `${tasks}?limit=10`,
        creates ? { method: 'POST', headers, body: '{"title":"x"}' } : {}
      )
      if (!answer.ok) throw new Error(`it answered ${answer.status}`)
      await answer.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: 32 }, (_, user) => client(user)))
  console.log(`| memory after ${requests} requests, ${name} | ${(await running.memory()).toFixed(0)} MB |`)
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
