import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { once } from 'node:events'
import { connect } from 'node:net'
import { problemIn, taskIn } from './support/expect.ts'
import { nobody } from './support/operations.ts'
import { start, type TestService } from './support/service.ts'
import { authorized } from './support/tokens.ts'

let service: TestService
beforeAll(async () => {
  service = await start({
    DATABASE_URL: 'pglite:memory',
    CORS_ORIGINS: 'http://localhost:3000, https://app.example.com'
  })
})
afterAll(() => service.stop())

/** Sends bytes that fetch would not, and reads what comes until the server closes. */
async function exchange(request: string): Promise<string> {
  const socket = connect(Number(service.url.port), service.url.hostname)
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
  })
  socket.write(Buffer.from(authorized(request), 'latin1'))
  await once(socket, 'close')
  return answer
}

const get = (target: string, headers = 'Host: x\r\n') => `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`

describe('routes', () => {
  const nowhere = ['/nope', '/api', '/api/u', '/api/u/task', '/api/u/tasks/', '/api//tasks', `/api/u/tasks/${nobody}/x`]
  for (const path of [
    ...nowhere,
    '/API/u/tasks',
    '/openapi-json',
    '/docs/swagger-ui+css',
    '/docs/../etc/passwd',
    '/docs/package.json',
    '/%2e%2e/api'
  ]) {
    test(`there is nothing at ${path}`, async () => {
      problemIn(await service.call('GET', path), 404, 'not_found')
      problemIn(await service.call('POST', path, { json: { title: 'x' } }), 404, 'not_found')
    })
  }

  const allowed: [string, string][] = [
    ['/api/u/tasks', 'GET, HEAD, POST'],
    [`/api/u/tasks/${nobody}`, 'GET, HEAD, DELETE, PUT'],
    ['/api/u/tasks/no-uuid', 'GET, HEAD, DELETE, PUT'],
    [`/api/u/tasks/${nobody}/complete`, 'PATCH'],
    ['/health', 'GET, HEAD'],
    ['/ready', 'GET, HEAD'],
    ['/docs', 'GET, HEAD'],
    ['/openapi.json', 'GET, HEAD'],
    ['/', 'GET, HEAD']
  ]
  for (const [path, allow] of allowed) {
    test(`${path} takes ${allow} and no other method`, async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'LINK', 'PROPFIND']) {
        const answer = await service.call(method, path)
        expect([method, answer.status === 405]).toEqual([method, !allow.split(', ').includes(method)])
        if (answer.status !== 405) continue
        if (method !== 'HEAD') problemIn(answer, 405, 'method_not_allowed')
        expect(answer.headers.get('allow')).toBe(allow)
      }
    })
  }

  test('HEAD is GET without a body', async () => {
    const task = taskIn(await service.call('POST', '/api/head/tasks', { json: { title: 'x' } }), 201)
    const paths = [
      '/api/head/tasks',
      `/api/head/tasks/${task.id}`,
      `/api/head/tasks/${nobody}`,
      '/health',
      '/nope',
      '/api/%zz/tasks'
    ]
    for (const path of [...paths, '/docs', '/docs/swagger-ui.css', '/openapi.json']) {
      const [head, full] = [await service.call('HEAD', path), await service.call('GET', path)]
      expect([path, head.status, head.text]).toEqual([path, full.status, ''])
      for (const name of ['content-type', 'content-length', 'cache-control']) {
        expect([path, name, head.headers.get(name)]).toEqual([path, name, full.headers.get(name)])
      }
    }
  })

  test('/ leads to the documentation', async () => {
    const answer = await service.call('GET', '/')
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs'])
  })

  test('health and readiness', async () => {
    expect((await service.call('GET', '/health')).body).toEqual({ status: 'healthy' })
    expect((await service.call('GET', '/ready')).body).toEqual({ status: 'ready' })
  })

  test('an unknown query is ignored', async () => {
    expect((await service.call('GET', '/api/u/tasks?x=%zz&y')).status).toBe(200)
  })
})

describe('headers', () => {
  test('a request id is taken from the client, and made where that has none or a bad one', async () => {
    const idFor = async (id?: string) => {
      const headers: Record<string, string> = id === undefined ? {} : { 'x-request-id': id }
      const answers = [
        await service.call('GET', '/api/u/tasks', { headers }),
        await service.call('GET', '/nope', { headers })
      ]
      return answers.map((answer) => answer.headers.get('x-request-id') ?? '')
    }
    for (const good of ['a', '~!"', 'x'.repeat(128)]) expect(await idFor(good)).toEqual([good, good])
    for (const bad of [undefined, '', 'x'.repeat(129), 'a b', 'a\tb', 'caf\u00e9']) {
      const [first = '', second = ''] = await idFor(bad)
      expect(first).toMatch(/^[0-9a-f-]{36}$/)
      expect(first).not.toBe(second)
    }
  })

  test('two request ids are none', async () => {
    const answer = await exchange(get('/health', 'Host: x\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n'))
    expect(answer).toMatch(/\r\nx-request-id: [0-9a-f-]{36}\r\n/i)
  })

  test('tasks may be kept by their user alone, and only if asked again', async () => {
    const created = await service.call('POST', '/api/cache/tasks', { json: { title: 'x' } })
    for (const answer of [created, await service.call('GET', '/api/cache/tasks')]) {
      expect(answer.headers.get('cache-control')).toBe('private, no-cache')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test('the address of a new task is as its user wrote the path', async () => {
    const answer = await service.call('POST', '/api/%C3%A9%2Fx/tasks', { json: { title: 'x' } })
    const location = answer.headers.get('location') ?? ''
    expect(location).toStartWith('/api/%C3%A9%2Fx/tasks/')
    expect(taskIn(await service.call('GET', location)).user_id).toBe('é/x')
  })
})

describe('CORS', () => {
  const preflight = (origin: string, path = '/api/u/tasks') =>
    service.call('OPTIONS', path, { headers: { origin, 'access-control-request-method': 'PUT' } })

  test('a preflight from a configured origin is granted', async () => {
    for (const origin of ['http://localhost:3000', 'https://app.example.com']) {
      const { status, headers } = await preflight(origin)
      expect(status).toBe(204)
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-allow-methods')).toContain('PUT')
      expect(headers.get('access-control-allow-headers')).toContain('Content-Type')
      expect(headers.get('x-request-id')).toBeTruthy()
    }
  })

  test('another origin is granted nothing', async () => {
    for (const origin of ['http://localhost:3001', 'https://app.example.com.evil.test', 'app.example.com', 'null']) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull()
      const answer = await service.call('GET', '/api/u/tasks', { headers: { origin } })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  test('a page of a configured origin may read answers and problems', async () => {
    for (const path of ['/api/u/tasks', `/api/u/tasks/${nobody}`, '/nope']) {
      const { headers } = await service.call('GET', path, { headers: { origin: 'https://app.example.com' } })
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com')
      expect(headers.get('vary')).toBe('Origin')
      const exposed = headers.get('access-control-expose-headers')
      expect(exposed).toBe('ETag, Link, Location, Retry-After, X-Request-Id, Idempotent-Replayed')
    }
  })

  test('without origins nobody is granted anything', async () => {
    const closed = await start({ DATABASE_URL: 'pglite:memory', CORS_ORIGINS: '' })
    const headers = { origin: 'http://localhost:3000', 'access-control-request-method': 'GET' }
    const answer = await closed.call('OPTIONS', '/api/u/tasks', { headers })
    problemIn(answer, 405, 'method_not_allowed')
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    await closed.stop()
  })
})

describe('odd requests', () => {
  test('HTTP/1.0 without a Host is served', async () => {
    expect(await exchange('GET /health HTTP/1.0\r\n\r\n')).toContain('{"status":"healthy"}')
    expect(await exchange('GET /api/u%201/tasks HTTP/1.0\r\n\r\n')).toStartWith('HTTP/1.1 200 OK')
  })

  test('hosts with short names are served', async () => {
    for (const host of ['a', 'api', 'api:80', '[::1]:8000']) {
      expect(await exchange(get('/api/u/tasks', `Host: ${host}\r\n`))).toStartWith('HTTP/1.1 200 OK')
    }
  })

  test('bytes that are not UTF-8 in a path are refused', async () => {
    for (const bytes of [[0xff], [0xfe], [0xc3], [0xed, 0xa0, 0x80]]) {
      const target = Buffer.concat([Buffer.from('/api/u'), Buffer.from(bytes), Buffer.from('/tasks')]).toString(
        'latin1'
      )
      expect(await exchange(get(target))).toStartWith('HTTP/1.1 400 ')
    }
  })

  test('a control character in a path reaches nobody', async () => {
    for (const character of ['\t', '\0', '\x0b', '\x7f', '\x85']) {
      const answer = await exchange(get(`/api/a${character}b/tasks`))
      expect(answer, JSON.stringify(character)).not.toStartWith('HTTP/1.1 200')
    }
  })

  test('a chunked body is measured while it comes', async () => {
    const chunks = (count: number) =>
      `POST /api/chunked/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `d\r\n{"title":"x",\r\n${`400\r\n${' '.repeat(1024)}\r\n`.repeat(count)}8\r\n"a":"b"}\r\n0\r\n\r\n`
    expect(await exchange(chunks(63))).toStartWith('HTTP/1.1 201 Created')
    const refused = await exchange(chunks(64))
    expect(refused).toStartWith('HTTP/1.1 413 Payload Too Large')
    expect(refused).toContain('"code":"payload_too_large"')
  })

  test('a body that breaks off stores nothing, and the service goes on', async () => {
    const socket = connect(Number(service.url.port), service.url.hostname)
    socket.write(
      authorized(
        'POST /api/cut/tasks HTTP/1.1\r\nHost: x\r\nX-Request-Id: cut\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"title":"x"}'
      )
    )
    await once(socket, 'ready')
    socket.destroy()
    await once(socket, 'close')
    const line = async () => (await service.logged()).find((line) => line['request_id'] === 'cut' && line['method'])
    while (!(await line())) await Bun.sleep(5)
    expect(await line()).toMatchObject({ status: 400 })
    expect((await service.call('GET', '/api/cut/tasks')).body).toEqual([])
    expect((await service.logged()).filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  })
})
