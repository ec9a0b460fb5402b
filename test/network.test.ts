import { describe, expect, test } from 'bun:test'
import { sharedPostgres, sharedProxy } from './support/databases.ts'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { addressOf, type ServiceProcess, spawnService } from './support/process.ts'
import { type Call, callOn, untilReady } from './support/service.ts'
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.ts'

async function startBehind(
  driver: string
): Promise<{ service: ServiceProcess; call: Call; network: TcpProxy; stop(): Promise<void> }> {
  const url = await (await sharedPostgres()).createDatabase()
  const network = await startTcpProxy(url)
  url.port = String(network.port)
  const service = spawnService({
    DATABASE_URL: url.href,
    ...(driver === 'Neon' && { NEON_WS_PROXY: sharedProxy().address })
  })
  const address = await addressOf(service)
  return {
    service,
    network,
    call: callOn(address),
    async stop() {
      service.kill('SIGTERM')
      expect(await service.ended).toEqual({ status: 0, error: '' })
      network.stop()
    }
  }
}

describe.each(['Bun', 'Neon'])("through %s's driver", (driver) => {
  test.concurrent('a write whose answer is cut is 503 and not repeated; a read is repeated', async () => {
    const { call, network, stop } = await startBehind(driver)
    const path = '/api/u/tasks'
    const task = taskIn(await call('POST', path, { json: { title: 'first' } }), 201)
    network.mode = 'cut'
    problemIn(await call('POST', path, { json: { title: 'second' } }), 503, 'database_unavailable')
    problemIn(await call('PATCH', `${path}/${task.id}/complete`), 503, 'database_unavailable')
    network.mode = 'pass'
    const tasks = tasksIn(await call('GET', path))
    // What was sent was done once, though nobody could be told.
    expect(tasks.map(({ title }) => title)).toEqual(['second', 'first'].slice(2 - tasks.length))
    await stop()
  }, 60_000)

  test.concurrent('connections that are refused are tried again until they are not', async () => {
    const { call, network, stop } = await startBehind(driver)
    network.mode = 'refuse'
    network.drop()
    problemIn(await call('GET', '/api/u/tasks'), 503, 'database_unavailable')
    problemIn(await call('POST', '/api/u/tasks', { json: { title: 'x' } }), 503, 'database_unavailable')
    network.mode = 'pass'
    await untilReady(call)
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([])
    await stop()
  }, 60_000)

  test.concurrent('connections that were lost without a word are replaced', async () => {
    const { call, network, service, stop } = await startBehind(driver)
    const task = taskIn(await call('POST', '/api/u/tasks', { json: { title: 'x' } }), 201)
    network.mode = 'hole'
    const answers = await Promise.all(Array.from({ length: 30 }, () => call('GET', '/api/u/tasks')))
    for (const answer of answers) problemIn(answer, 503, 'database_unavailable')
    network.mode = 'pass'
    expect(await untilReady(call)).toBeLessThan(2000)
    const after = await Promise.all(Array.from({ length: 30 }, () => call('GET', '/api/u/tasks')))
    for (const answer of after) expect(tasksIn(answer)).toEqual([task])
    expect(service.output()).toContain('all others are replaced')
    await stop()
  }, 60_000)

  test.concurrent('a database that takes five seconds to wake is waited for', async () => {
    const { call, network, stop } = await startBehind(driver)
    network.delay = 5000
    network.drop()
    const began = performance.now()
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([])
    expect(performance.now() - began).toBeGreaterThan(4900)
    await stop()
  }, 60_000)
})
