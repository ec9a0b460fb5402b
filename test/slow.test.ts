import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { start } from './support/service.ts'
import { authorized } from './support/tokens.ts'

const post = 'POST /api/u/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

/** How clients are slow: what each sends at first, and then again and again. */
const clients: [string, string, string][] = [
  ['says nothing', '', ''],
  ['stops in its headers', 'GET /health HTTP/1.1\r\n', ''],
  ['never ends its headers', 'GET /health HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
  ['stops in its body', `${post}Content-Length: 60\r\n\r\n{`, ''],
  ['never ends its body', `${post}Content-Length: 60000\r\n\r\n{`, ' '],
  ['never ends its chunks', `${post}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`, '1\r\n \r\n']
]

test('slow clients are cut off, and leave nothing behind', async () => {
  const service = await start({ DATABASE_URL: 'pglite:memory' })
  const began = performance.now()
  const cut = clients.map(async ([name, first, next]) => {
    const socket = connect(Number(service.url.port), service.url.hostname)
    const closed = Promise.withResolvers<void>()
    socket.on('close', closed.resolve).on('error', () => {})
    socket.write(authorized(first))
    const drip = setInterval(() => socket.write(next), 500)
    await closed.promise
    clearInterval(drip)
    return [name, performance.now() - began < 20_000]
  })
  expect(await Promise.all(cut)).toEqual(clients.map(([name]) => [name, true]))
  expect((await service.call('GET', '/api/u/tasks')).body).toEqual([])
  expect((await service.logged()).filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  await service.stop()
}, 60_000)
