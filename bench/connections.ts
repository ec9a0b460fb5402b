/**
 * What many connections cost: 1,000 that ask for a task as fast as they are answered, and 10,000 that say nothing, against
 * the service as a process of its own on a PostgreSQL server.
 *
 * Usage: bun bench/connections.ts [BUSY [IDLE]]
 */
import { connect, type Socket } from 'node:net'
import { startPostgres } from '../test/support/postgres.ts'
import { spawnService } from '../test/support/process.ts'

const busy = Number(process.argv[2] ?? 1000)
const idle = Number(process.argv[3] ?? 10_000)
const seconds = 8

const postgres = await startPostgres()
const service = spawnService({ DATABASE_URL: (await postgres.createDatabase()).href, LOG_LEVEL: 'info' })
const url = await service.url
if (!url) throw new Error((await service.ended).error)
const { origin, hostname, port } = url

/** The memory of the process that is resident, in MB. */
async function memory(): Promise<number> {
  const status = await Bun.file(`/proc/${service.pid}/status`).text()
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

const statuses: Record<string, number> = {}
let stopped = false

function open(onData: (socket: Socket, data: string) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket))
    socket.on('error', reject)
    socket.on('data', (bytes) => onData(socket, bytes.toString('latin1')))
  })
}

const request = 'GET /api/u/tasks?limit=1 HTTP/1.1\r\nHost: x\r\n\r\n'
const before = await memory()
const clients = await Promise.all(
  Array.from({ length: busy }, () =>
    open((socket, data) => {
      const status = /^HTTP\/1.1 (\d+)/.exec(data)?.[1]
      if (status) statuses[status] = (statuses[status] ?? 0) + 1
      if (!stopped) socket.write(request)
    })
  )
)
const silent: Socket[] = []
while (silent.length < idle) silent.push(...(await Promise.all(Array.from({ length: 500 }, () => open(() => {})))))
for (const client of clients) client.write(request)

const health: number[] = []
const ready: number[] = []
let most = 0
for (const end = performance.now() + seconds * 1000; performance.now() < end; await Bun.sleep(100)) {
  for (const [path, times] of [
    ['/health', health],
    ['/ready', ready]
  ] as const) {
    const began = performance.now()
    const { status } = await fetch(`${origin}${path}`)
    if (status !== 200) throw new Error(`${path} answered ${status}`)
    times.push(performance.now() - began)
  }
  most = Math.max(most, await memory())
}
stopped = true
const percentile = (times: number[], part: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * part)]?.toFixed(1)
const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0)
console.log(`${busy} busy and ${idle} idle connections for ${seconds} s`)
console.log(`${Math.round(requests / seconds)} answers a second: ${JSON.stringify(statuses)}`)
console.log(
  `/health ${percentile(health, 0.5)} ms, p95 ${percentile(health, 0.95)} ms; /ready ${percentile(ready, 0.5)} ms, p95 ${percentile(ready, 0.95)} ms`
)
console.log(`memory ${before} MB before, at most ${most} MB`)
for (const socket of [...clients, ...silent]) socket.destroy()
service.kill('SIGTERM')
console.log(`ended with ${(await service.ended).status}`)
await postgres.stop()
process.exit(0)
