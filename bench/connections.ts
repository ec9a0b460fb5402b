/**
 * What many connections cost: 1,000 that ask for a task, at a rate or as fast as they are answered, and 10,000 that say
 * nothing, against the service as a process of its own on a PostgreSQL server. Who asks for `/health` is yet another
 * process, so that what is measured is the service and not the load generator.
 *
 * Usage: bun bench/connections.ts [BUSY [IDLE [RATE]]], with the rate in requests a second
 */
import { connect, type Socket } from 'node:net'
import { startPostgres } from '../test/support/postgres.ts'
import { addressOf, spawnService } from '../test/support/process.ts'
import { memoryOf } from './support/measures.ts'

const seconds = 8
const [first = '', ...rest] = process.argv.slice(2)

if (first === 'load') {
  const [address = '', busy, idle, rate] = rest
  await load(new URL(address), Number(busy), Number(idle), Number(rate))
} else {
  const [busy, idle, rate] = [Number(first || 1000), Number(rest[0] ?? 10_000), Number(rest[1] ?? 2000)]
  for (const paced of [rate, Infinity]) await measure(busy, idle, paced)
}

/** Keeps connections busy and idle until its standard input ends, then prints the statuses that it has seen. */
async function load({ hostname, port }: URL, busy: number, idle: number, rate: number): Promise<void> {
  const statuses: Record<string, number> = {}
  const request = 'GET /api/u/tasks?limit=1 HTTP/1.1\r\nHost: x\r\n\r\n'
  function open(onData: (socket: Socket, data: string) => void): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(socket))
      socket.on('error', reject)
      socket.on('data', (bytes) => onData(socket, bytes.toString('latin1')))
    })
  }
  const clients: Socket[] = []
  while (clients.length < busy) {
    const client = await open((socket, data) => {
      const status = /^HTTP\/1.1 (\d+)/.exec(data)?.[1]
      if (status) statuses[status] = (statuses[status] ?? 0) + 1
      if (rate === Infinity) socket.write(request)
    })
    clients.push(client)
  }
  for (let opened = 0; opened < idle; opened += 500) {
    await Promise.all(Array.from({ length: 500 }, () => open(() => {})))
  }
  if (rate === Infinity) for (const client of clients) client.write(request)
  else {
    const step = 5
    let next = 0
    setInterval(() => {
      for (let due = (rate * step) / 1000; due > 0; due--) clients[next++ % busy]?.write(request)
    }, step)
  }
  process.stdout.write('running\n')
  for await (const _ of process.stdin) break
  process.stdout.write(`${JSON.stringify(statuses)}\n`)
  process.exit(0)
}

async function measure(busy: number, idle: number, rate: number): Promise<void> {
  const postgres = await startPostgres()
  const service = spawnService({ DATABASE_URL: (await postgres.createDatabase()).href, LOG_LEVEL: 'info' })
  const url = await addressOf(service)

  const before = Math.round(await memoryOf(service.pid))
  const settings = [url.href, busy, idle, rate].map(String)
  const generator = Bun.spawn([process.execPath, import.meta.path, 'load', ...settings], {
    stdin: 'pipe',
    stderr: 'inherit'
  })
  const output = generator.stdout.getReader()
  const said = async () => new TextDecoder().decode((await output.read()).value)
  await said()

  const times: Record<string, number[]> = { '/health': [], '/ready': [] }
  let most = 0
  const began = performance.now()
  while (performance.now() < began + seconds * 1000) {
    for (const path in times) {
      const asked = performance.now()
      const { status } = await fetch(`${url.origin}${path}`)
      if (status !== 200) throw new Error(`${path} answered ${status}`)
      times[path]?.push(performance.now() - asked)
    }
    most = Math.max(most, Math.round(await memoryOf(service.pid)))
    await Bun.sleep(100)
  }
  generator.stdin.write('stop')
  generator.stdin.end()
  const statuses: Record<string, number> = JSON.parse(await said())
  const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  console.log(`${busy} busy connections${rate === Infinity ? '' : ` at ${rate} requests a second`}, ${idle} idle ones`)
  console.log(`  ${Math.round(requests / seconds)} answers a second: ${JSON.stringify(statuses)}`)
  for (const [path, taken] of Object.entries(times)) {
    const [median, late] = [0.5, 0.95].map((part) => taken.toSorted((a, b) => a - b)[Math.floor(taken.length * part)])
    console.log(`  ${path} ${median?.toFixed(1)} ms, p95 ${late?.toFixed(1)} ms`)
  }
  console.log(`  memory ${before} MB before, at most ${most} MB`)
  service.kill('SIGTERM')
  await service.ended
  await postgres.stop()
}
