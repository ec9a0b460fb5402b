import { afterAll, beforeAll, expect, test } from 'bun:test'
import { start, type TestService } from './support/service.ts'
import { identityIsOn } from './support/tokens.ts'

let service: TestService
beforeAll(async () => {
  service = await start({ DATABASE_URL: 'pglite:memory' })
})
afterAll(() => service.stop())

test('Swagger UI loads everything from the service itself', async () => {
  const { status, headers, text } = await service.call('GET', '/docs')
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(text).not.toMatch(/https?:|\/\//)
  const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address)
  expect(loaded).toEqual(['docs/swagger-ui.css', 'docs/swagger-ui-bundle.js'])
  for (const [address, type] of [
    ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
    ['/favicon.ico', 'image/png']
  ]) {
    const asset = await service.call('GET', address ?? '')
    expect([asset.status, asset.headers.get('content-type')]).toEqual([200, type ?? ''])
    expect(asset.text.length).toBeGreaterThan(500)
  }
})

test('the page may load from the service alone, and run no script but its own', async () => {
  const { headers, text } = await service.call('GET', '/docs')
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toStartWith("default-src 'none'; script-src 'self' 'sha256-")
  expect(policy).not.toMatch(/https?:|\*|'unsafe-eval'|script-src [^;]*'unsafe-inline'/)
  const [, script = ''] = /<script>(.*?)<\/script>/s.exec(text) ?? []
  expect(policy).toContain(`'sha256-${new Bun.CryptoHasher('sha256').update(script).digest('base64')}'`)
})

test('the OpenAPI document has the six operations, and nothing else', async () => {
  const { body } = await service.call('GET', '/openapi.json')
  expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'tasks-api' } })
  const document = JSON.parse(JSON.stringify(body))
  const operations: [string, string][] = []
  for (const [path, methods] of Object.entries<Record<string, { operationId: string; summary: string }>>(
    document.paths
  )) {
    for (const [method, { operationId, summary }] of Object.entries(methods)) {
      operations.push([`${method} ${path}`, operationId])
      expect(summary).toBeTruthy()
    }
  }
  expect(Object.fromEntries(operations)).toEqual({
    'get /api/{user_id}/tasks': 'listTasks',
    'post /api/{user_id}/tasks': 'createTask',
    'get /api/{user_id}/tasks/{task_id}': 'getTask',
    'put /api/{user_id}/tasks/{task_id}': 'updateTask',
    'delete /api/{user_id}/tasks/{task_id}': 'deleteTask',
    'patch /api/{user_id}/tasks/{task_id}/complete': 'toggleTaskCompletion'
  })
  const create = document.paths['/api/{user_id}/tasks'].post
  expect(Object.keys(create.requestBody.content)).toEqual(['application/json'])
  const secured = identityIsOn ? ['401', '404'] : []
  expect(Object.keys(create.responses)).toEqual(
    ['201', '400', '413', '415', '422', '500', '503', ...secured].toSorted()
  )
})
