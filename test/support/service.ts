import { beforeAll, describe } from 'bun:test'
import { readConfig } from '../../src/config.ts'
import type { StatementLogger } from '../../src/database/connect.ts'
import { createJsonLogger } from '../../src/log.ts'
import { startService } from '../../src/service.ts'
import { StartError } from '../../src/start-error.ts'
import { type DatabaseEnvironment, type DatabaseKind, databases } from './databases.ts'
import { binary, spawnService, withIdentity } from './process.ts'
import { authorizationFor } from './tokens.ts'

export type LogLine = Record<string, unknown>

/** A running service, and what it logged. */
export type TestService = {
  url: URL
  /** @returns all that it has logged so far */
  logged(): Promise<LogLine[]>
  call: Call
  stop(): Promise<void>
}

export type Answer = { status: number; headers: Headers; text: string; body: unknown }

/** Sends one request: `json` is sent as what it is, `body` as the bytes that it is. */
export type Call = (
  method: string,
  path: string,
  content?: { json?: unknown; body?: string | Uint8Array<ArrayBuffer> | FormData; headers?: Record<string, string> }
) => Promise<Answer>

/**
 * Starts the service on a free port, and talks to it over HTTP: in this process, or from the executable that is tested.
 *
 * @param statements hears of every SQL statement; only in this process
 */
export async function start(
  environment: DatabaseEnvironment & Record<string, string>,
  statements?: StatementLogger
): Promise<TestService> {
  if (binary) return await startBinary(environment)
  const lines: LogLine[] = []
  const logger = createJsonLogger('trace', { write: (line) => void lines.push(JSON.parse(line)) })
  const service = await startService(readConfig({ PORT: '0', ...withIdentity(environment) }), logger, statements)
  await service.ready
  return { url: service.url, logged: async () => [...lines], call: callOn(service.url), stop: service.stop }
}

async function startBinary(environment: Record<string, string>): Promise<TestService> {
  const service = spawnService({ LOG_LEVEL: 'trace', ...environment })
  const url = await service.url
  if (!url) throw new StartError((await service.ended).error.replace(/^tasks-api: |\n$/g, ''))
  const call = callOn(url)
  let marks = 0
  return {
    url,
    call,
    async logged() {
      // What was logged before this request is in the output before its line is.
      const mark = `mark-${++marks}`
      await call('GET', '/health', { headers: { 'x-request-id': mark } })
      while (!service.output().includes(mark)) await Bun.sleep(1)
      const lines: LogLine[] = service
        .output()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      return lines.filter(({ request_id }) => !String(request_id).startsWith('mark-'))
    },
    async stop() {
      service.kill('SIGTERM')
      const { status, error } = await service.ended
      if (status !== 0) throw new Error(`it ended with ${status}: ${error}`)
    }
  }
}

/** @returns a client of the service at an address, who is whom each path names */
export function callOn(url: URL): Call {
  return async (method, path, { json, body, headers } = {}) => {
    const content = json === undefined ? body : JSON.stringify(json)
    const type: Record<string, string> = json === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await fetch(`${url.origin}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...authorizationFor(path), ...type, ...headers },
      ...(content !== undefined && { body: content })
    })
    const text = await answer.text()
    const isJson = /^application\/(problem\+)?json\b/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, text, body: isJson && text ? JSON.parse(text) : undefined }
  }
}

/** Asks until the service is ready. @returns after how many milliseconds it was */
export async function untilReady(call: Call): Promise<number> {
  const began = performance.now()
  while ((await call('GET', '/ready')).status !== 200) await Bun.sleep(5)
  return performance.now() - began
}

const running = new Map<DatabaseKind, Promise<TestService>>()

function shared(database: DatabaseKind): Promise<TestService> {
  const service = running.get(database) ?? database.create().then((environment) => start(environment))
  running.set(database, service)
  return service
}

export async function stopSharedServices(): Promise<void> {
  for (const service of running.values()) await (await service).stop()
}

/**
 * Defines the same tests for each of the three databases. The services are shared by all test files, so a test keeps to
 * users of its own: see {@link newUser}.
 */
export function onEveryDatabase(define: (call: Call) => void): void {
  for (const database of databases) {
    describe(`on ${database.name}`, () => {
      let service: TestService
      beforeAll(async () => {
        service = await shared(database)
      })
      define((...request) => service.call(...request))
    })
  }
}

let users = 0

/** @returns the id of a user whom no other test knows */
export const newUser = () => `user-${++users}`
