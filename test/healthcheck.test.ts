import { expect, test } from 'bun:test'
import { freePort } from './support/free-port.ts'
import { spawnService } from './support/process.ts'

async function healthcheck(environment: Record<string, string>) {
  const { status, error } = await spawnService(environment, ['healthcheck']).ended
  return { status, error }
}

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['localhost', 'localhost'],
  ['::', '[::1]'],
  ['::1', '[::1]']
])('the command healthcheck finds a service that listens on %s, and no other', async (HOST, address) => {
  const PORT = String(freePort())
  const absent = { status: 1, error: `tasks-api: no healthy service at http://${address}:${PORT}/health\n` }
  expect(await healthcheck({ HOST, PORT })).toEqual(absent)
  const service = spawnService({ HOST, PORT, DATABASE_URL: 'pglite:memory' })
  await service.url
  expect(await healthcheck({ HOST, PORT })).toEqual({ status: 0, error: '' })
  service.kill('SIGTERM')
  await service.ended
  expect(await healthcheck({ HOST, PORT })).toEqual(absent)
})

test('something else on that port is no healthy service', async () => {
  const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response(null, { status: 503 }) })
  expect((await healthcheck({ PORT: String(other.port) })).status).toBe(1)
  await other.stop(true)
})
