import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createRequestMetrics } from '../src/request-metrics.ts'
import { start, type TestService } from './support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await start({ DATABASE_URL: 'pglite:memory' })
})
afterAll(() => service.stop())

/** The samples of one metric: label values by name → value. */
async function samples(metric: string): Promise<{ labels: Record<string, string>; value: number }[]> {
  const { status, text, headers } = await service.call('GET', '/metrics')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toStartWith('text/plain; version=0.0.4')
  return text.split('\n').flatMap((line) => {
    const [, name, pairs = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name !== metric) return []
    const labels = Object.fromEntries([...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, label]) => [key, label]))
    return [{ labels, value: Number(value) }]
  })
}

const requests = async () =>
  new Map(
    (await samples('http_requests_total')).map(({ labels, value }) => [
      `${labels['method']} ${labels['route']} ${labels['status']}`,
      value
    ])
  )

test('requests are counted and timed by route, method and status', async () => {
  const before = await requests()
  const list = '/api/:user_id/tasks'
  await service.call('GET', '/api/u/tasks')
  await service.call('GET', '/api/v/tasks')
  await service.call('POST', '/api/u/tasks', { json: { title: '' } })
  await service.call('DELETE', '/api/u/tasks')
  const after = await requests()
  const more = (key: string) => (after.get(key) ?? 0) - (before.get(key) ?? 0)
  expect(more(`GET ${list} 200`)).toBe(2)
  expect(more(`POST ${list} 400`)).toBe(1)
  expect(more('DELETE none 405')).toBe(1)
  const timed = (await samples('http_request_duration_seconds_count')).filter(
    ({ labels }) => labels['route'] === list && labels['method'] === 'GET'
  )
  expect(timed).toMatchObject([{ value: after.get(`GET ${list} 200`) }])
})

test('the buckets of a histogram add up, and every line has the form of the format', async () => {
  for (let request = 0; request < 20; request++) await service.call('GET', '/api/u/tasks')
  const isList = ({ labels }: { labels: Record<string, string> }) =>
    labels['route'] === '/api/:user_id/tasks' && labels['method'] === 'GET' && labels['status'] === '200'
  const buckets = (await samples('http_request_duration_seconds_bucket')).filter(isList)
  const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')))
  const counts = buckets.map(({ value }) => value)
  expect(bounds.length).toBeGreaterThan(5)
  expect(bounds).toEqual(bounds.toSorted((a, b) => a - b))
  expect(bounds.at(-1)).toBe(Infinity)
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  const [count] = (await samples('http_request_duration_seconds_count')).filter(isList)
  expect(count?.value).toBeGreaterThanOrEqual(20)
  expect(counts.at(-1)).toBe(count?.value ?? Number.NaN)
  const { text } = await service.call('GET', '/metrics')
  expect(text.endsWith('\n')).toBe(true)
  const sample = /^\w+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? ([0-9.e+-]+|\+Inf|nan)$/i
  for (const line of text.trimEnd().split('\n').filter(Boolean))
    expect(line).toMatch(line.startsWith('#') ? /^# (HELP|TYPE) \w+ / : sample)
})

test('a request counts in the least bucket that holds it, and in all above', () => {
  const { observe, text } = createRequestMetrics()
  for (const seconds of [0.001, 0.0011, 0.0025, 7, 11]) observe({ method: 'GET', route: '/"\\', status: 200, seconds })
  const labels = 'method="GET",route="/\\"\\\\",status="200"'
  const [first = '', ...others] = text()
    .split('\n')
    .filter((line) => line.startsWith('http_request_duration_seconds_bucket'))
  expect(first).toBe(`http_request_duration_seconds_bucket{${labels},le="0.001"} 1`)
  const counts = others.map((line) => Number(line.split(' ').at(-1)))
  expect(counts).toEqual([3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5])
  expect(text()).toContain(`http_request_duration_seconds_sum{${labels}} 18.0046`)
  expect(text()).toContain(`http_requests_total{${labels}} 5`)
})

test('whatever paths are sent, and whoever they name, there are no more series for it', async () => {
  const send = async (name: string) => {
    for (const path of [`/${name}`, `/api/${name}/tasks`, `/api/${name}/tasks/${name}`, `/docs/${name}`]) {
      for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) await service.call(method, path)
    }
  }
  await send('first')
  const before = [...(await requests()).keys()]
  for (let index = 0; index < 20; index++) await send(`s3cret-${index}`)
  expect([...(await requests()).keys()].filter((key) => !key.includes('/metrics'))).toEqual(
    before.filter((key) => !key.includes('/metrics'))
  )
  expect((await service.call('GET', '/metrics')).text).not.toContain('s3cret')
})

test('the connections, the event loop and the build are shown', async () => {
  expect(await samples('tasks_api_database_connections')).toMatchObject([{ value: 1 }])
  expect(await samples('tasks_api_database_connections_in_use')).toMatchObject([{ value: 0 }])
  expect(await samples('tasks_api_database_statements_waiting')).toMatchObject([{ value: 0 }])
  expect(await samples('tasks_api_build_info')).toMatchObject([{ value: 1, labels: { version: expect.any(String) } }])
  const [lag] = await samples('nodejs_eventloop_lag_p99_seconds')
  expect(lag?.value).toBeGreaterThanOrEqual(0)
  const [memory] = await samples('process_resident_memory_bytes')
  expect(memory?.value).toBeGreaterThan(10_000_000)
})
