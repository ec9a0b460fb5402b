import { expect, test } from 'bun:test'
import { databases } from './support/databases.ts'
import { taskIn } from './support/expect.ts'
import { addressOf, spawnService } from './support/process.ts'
import { type Call, callOn } from './support/service.ts'

const secret = 's3cret'

/** Sends the secret in every place of a request that takes anything. */
async function plant(call: Call): Promise<void> {
  const path = `/api/${secret}/tasks`
  const json = { title: secret, description: secret, [secret]: secret }
  const headers = {
    authorization: `Bearer ${secret}`,
    cookie: `session=${secret}`,
    'idempotency-key': secret,
    'if-match': `"${secret}"`,
    'if-none-match': `"${secret}"`,
    'user-agent': secret,
    referer: `http://${secret}/`,
    origin: `http://${secret}`,
    [`x-${secret}`]: secret,
    // Not a valid id: a valid one is in the log, since that is what it is for.
    'x-request-id': `${secret} ${secret}`
  }
  const task = taskIn(await call('POST', path, { json }), 201)
  for (const address of [
    path,
    `${path}/${task.id}`,
    `${path}/${task.id}/complete`,
    `${path}/${secret}`,
    `/${secret}`
  ]) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      await call(method, `${address}?${secret}=${secret}&limit=${secret}&cursor=${secret}`, { headers })
      if (method === 'GET' || method === 'HEAD') continue
      await call(method, address, { json, headers })
      await call(method, address, { json: { title: secret.repeat(100), completed: secret }, headers })
      await call(method, address, { body: `{"${secret}`, headers: { ...headers, 'content-type': 'application/json' } })
      await call(method, address, { body: secret, headers: { ...headers, 'content-type': `text/${secret}` } })
    }
  }
  await call('GET', `/api/${secret}%zz/tasks`)
  await call('GET', `/api/${secret}%00/tasks`)
}

test.each(databases)('what is sent gets neither into the log nor into the metrics, on $name', async ({ create }) => {
  const service = spawnService({ ...(await create()), LOG_LEVEL: 'trace' })
  const url = await addressOf(service)
  const call = callOn(url)
  await plant(call)
  expect((await call('GET', '/metrics')).text).not.toContain(secret)
  service.kill('SIGTERM')
  const { status, error } = await service.ended
  expect({ status, error }).toEqual({ status: 0, error: '' })
  expect(service.output().split('\n').length).toBeGreaterThan(100)
  expect(service.output()).not.toContain(secret)
})

test('where that is asked for, the log says whose tasks a request is about, and nothing else of it', async () => {
  const service = spawnService({ DATABASE_URL: 'pglite:memory', LOG_USER_IDS: 'true' })
  const url = await addressOf(service)
  const call = callOn(url)
  taskIn(await call('POST', '/api/ada%20l/tasks', { json: { title: secret } }), 201)
  await call('GET', '/nowhere')
  service.kill('SIGTERM')
  await service.ended
  const lines = service
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ method }) => method)
  expect(lines).toMatchObject([
    { method: 'POST', route: '/api/:user_id/tasks', user_id: 'ada l' },
    { method: 'GET', route: null }
  ])
  expect(lines[1]).not.toHaveProperty('user_id')
  expect(service.output()).not.toContain(secret)
})
