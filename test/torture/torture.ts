/**
 * Takes the database away in every way that is known, under writes, and prints what came of it: a row a fault and driver.
 *
 * Usage: bun run torture [ROUNDS], 1 without it
 * Exit status 0 where nothing that was acknowledged was lost, and nothing was done twice.
 */
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { addressOf, type ServiceProcess, spawnService } from '../support/process.ts'
import { type Call, callOn, untilReady } from '../support/service.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { startWebSocketProxy } from '../support/websocket-proxy.ts'

type World = { postgres: PostgresServer; network: TcpProxy }
type Fault = { name: string; begin(world: World): Promise<unknown>; end(world: World): Promise<unknown>; lasts: number }

const through = (mode: TcpProxy['mode']) => ({
  async begin({ network }: World) {
    network.mode = mode
  },
  async end({ network }: World) {
    network.mode = 'pass'
  }
})

const faults: Fault[] = [
  {
    name: 'killed and started again',
    begin: ({ postgres }) => postgres.kill(),
    end: ({ postgres }) => postgres.restart(),
    lasts: 1500
  },
  {
    name: 'frozen for a moment',
    begin: ({ postgres }) => postgres.signal('SIGSTOP'),
    end: ({ postgres }) => postgres.signal('SIGCONT'),
    lasts: 2000
  },
  {
    name: 'frozen for long',
    begin: ({ postgres }) => postgres.signal('SIGSTOP'),
    end: ({ postgres }) => postgres.signal('SIGCONT'),
    lasts: 12_000
  },
  { name: 'connections dropped', begin: async ({ network }) => network.drop(), end: async () => {}, lasts: 100 },
  { name: 'answers cut', ...through('cut'), lasts: 1500 },
  { name: 'lost without a word', ...through('hole'), lasts: 12_000 }
]

const writers = 8

class Writer {
  readonly acknowledged: string[] = []
  sent = 0
  slowest = 0

  constructor(
    readonly call: Call,
    readonly user: string
  ) {}

  /** Creates tasks, none of them twice, until it is told to stop. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const title = `${this.user} ${this.sent++}`
      const began = performance.now()
      const { status } = await this.call('POST', `/api/${this.user}/tasks`, { json: { title } })
      this.slowest = Math.max(this.slowest, performance.now() - began)
      if (status === 201) this.acknowledged.push(title)
      else if (status !== 503) throw new Error(`a creation answered ${status}`)
      else await Bun.sleep(20)
    }
  }
}

async function titlesOf(call: Call, user: string): Promise<string[]> {
  const titles: string[] = []
  for (let next: string | undefined = `/api/${user}/tasks`; next !== undefined; ) {
    const { body, headers } = await call('GET', next)
    if (!Array.isArray(body)) throw new Error('no list')
    titles.push(...body.map(({ title }: { title: string }) => title))
    next = /^<([^>]+)>/.exec(headers.get('link') ?? '')?.[1]
  }
  return titles
}

/** Runs one fault, and prints its row. @returns whether nothing was lost and nothing doubled */
async function torture(postgres: PostgresServer, fault: Fault, driver: string, round: number): Promise<boolean> {
  const url = await postgres.createDatabase()
  const network = await startTcpProxy(url)
  url.port = String(network.port)
  const service: ServiceProcess = spawnService({
    DATABASE_URL: url.href,
    LOG_LEVEL: 'info',
    ...(driver === 'Neon' && { NEON_WS_PROXY: proxy.address })
  })
  const address = await addressOf(service)
  const call = callOn(address)
  const all = Array.from({ length: writers }, (_, index) => new Writer(call, `user-${round}-${index}`))
  let over = false
  const running = Promise.all(all.map((writer) => writer.run(() => over)))

  await Bun.sleep(300)
  await fault.begin({ postgres, network })
  await Bun.sleep(fault.lasts)
  await fault.end({ postgres, network })
  const recovery = await untilReady(call)
  await Bun.sleep(300)
  over = true
  await running

  let [lost, doubled] = [0, 0]
  for (const { user, acknowledged } of all) {
    const stored = await titlesOf(call, user)
    const there = new Set(stored)
    lost += acknowledged.filter((title) => !there.has(title)).length
    doubled += stored.length - there.size
  }
  service.kill('SIGTERM')
  const { status } = await service.ended
  network.stop()

  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  const slowest = Math.max(...all.map(({ slowest }) => slowest))
  const cells = [
    fault.name,
    driver,
    sum(all.map(({ sent }) => sent)),
    sum(all.map(({ acknowledged }) => acknowledged.length)),
    lost,
    doubled
  ]
  console.log(`| ${[...cells, `${(slowest / 1000).toFixed(2)} s`, `${(recovery / 1000).toFixed(2)} s`].join(' | ')} |`)
  return lost === 0 && doubled === 0 && status === 0
}

const rounds = Number(process.argv[2] ?? 1)
const proxy = startWebSocketProxy()

/** The drivers take their turns side by side, each with a server of its own to lose. */
async function tortureAll(driver: string): Promise<boolean> {
  const postgres = await startPostgres()
  let good = true
  for (let round = 0; round < rounds; round++) {
    for (const fault of faults) good = (await torture(postgres, fault, driver, round)) && good
  }
  await postgres.stop()
  return good
}

console.log('| fault | driver | sent | acknowledged | lost | doubled | slowest answer | recovered after |')
console.log('|---|---|---|---|---|---|---|---|')
const good = await Promise.all(['Bun', 'Neon'].map(tortureAll))
await proxy.stop()
process.exit(good.every(Boolean) ? 0 : 1)
