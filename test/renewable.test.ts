import { afterEach, beforeEach, expect, jest, test } from 'bun:test'
import { renewable } from '../src/database/renewable.ts'
import { createJsonLogger } from '../src/log.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

/** Clients that tell what becomes of them: nothing here depends on what a client is. */
function setUp() {
  const clients: { name: string; asked: PromiseWithResolvers<void>; open: boolean; who(): string }[] = []
  const kind = {
    open(size: number) {
      const name = `${size === 1 ? 'probe' : 'pool'} ${clients.length}`
      const client = { name, asked: Promise.withResolvers<void>(), open: true, who: () => name }
      clients.push(client)
      return client
    },
    ask: (client: (typeof clients)[number]) => client.asked.promise,
    async discard(client: (typeof clients)[number]) {
      client.open = false
    }
  }
  const log = createJsonLogger('silent', { write() {} })
  const open = () => clients.flatMap(({ name, open }) => (open ? [name] : []))
  return { clients, open, ...renewable(kind, 4, log) }
}

/** Lets what has been settled be heard of. */
const heard = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

test('a silent database is asked on a new connection again and again, each of which has its time', () => {
  const { open, renew } = setUp()
  renew(() => {})
  expect(open()).toEqual(['pool 0', 'probe 1'])
  jest.advanceTimersByTime(1000)
  expect(open()).toEqual(['pool 0', 'probe 1', 'probe 2', 'probe 3'])
  jest.advanceTimersByTime(60_000)
  expect(open().length).toBeLessThan(25)
})

test('a connection that was refused is closed', async () => {
  const { clients, open, renew } = setUp()
  renew(() => {})
  clients[1]?.asked.reject(new Error('refused'))
  await heard()
  expect(open()).toEqual(['pool 0'])
})

test('once it answers, other connections are in use, and no others are left', async () => {
  const { client, clients, open, renew } = setUp()
  let replaced = 0
  expect(client.who()).toBe('pool 0')
  renew(() => replaced++)
  jest.advanceTimersByTime(1000)
  clients[2]?.asked.resolve()
  await heard()
  expect([client.who(), replaced]).toEqual(['pool 4', 1])
  expect(open()).toEqual(['pool 4'])
  jest.advanceTimersByTime(60_000)
  expect(clients).toHaveLength(5)
})

test('who closes it while it looks leaves nothing open but what is theirs to close', () => {
  const { clients, open, renew, end } = setUp()
  renew(() => {})
  jest.advanceTimersByTime(1000)
  expect(end().name).toBe('pool 0')
  expect(open()).toEqual(['pool 0'])
  jest.advanceTimersByTime(60_000)
  expect(clients).toHaveLength(4)
})
