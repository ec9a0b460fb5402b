import { Elysia } from 'elysia'
import type { Logger, RequestLine } from './log.ts'
import type { Metrics } from './metrics.ts'

type Exchange = { id: string; route: string | null; user_id: string | undefined }

declare global {
  interface Request {
    /** What is noted of a request while it is answered. To keep it in a WeakMap took 4 % of the time of a read. */
    exchange?: Exchange
  }
}

/** What operators' machines ask for every few seconds is only logged at `debug`. */
const probes = ['/health', '/ready', '/metrics']

/** @returns the id under which the request is logged and answered */
export const requestId = (request: Request) => request.exchange?.id

/**
 * Gives every answer `X-Request-Id` and `X-Content-Type-Options`, and notes which route a request has reached: its template,
 * so that no path with somebody's id in it gets into the log.
 */
export const exchange = new Elysia({ name: 'exchange' })
  .headers({ 'x-content-type-options': 'nosniff' })
  .onRequest(({ request, set }) => {
    const id = requestId(request)
    if (id !== undefined) set.headers['x-request-id'] = id
  })
  .onTransform({ as: 'global' }, ({ request, route }) => {
    if (request.exchange) request.exchange.route = route
  })

/** Notes whose tasks a request is about, for those who want that in the log. */
export function noteUser(request: Request, user_id: string): void {
  if (request.exchange) request.exchange.user_id = user_id
}

export type Observers = {
  log: Logger
  metrics: Metrics
  logUserIds: boolean
  /** Whether shutdown has begun. */
  isStopping: () => boolean
}

/**
 * Surrounds the whole service: whatever becomes of a request, it leaves one line in the log, and it is counted.
 *
 * @param handle answers a request, and never rejects
 */
export function observed(
  { log, metrics, logUserIds, isStopping }: Observers,
  handle: (request: Request) => Response | Promise<Response>
) {
  return async (request: Request): Promise<Response> => {
    const began = performance.now()
    const exchange: Exchange = { id: idOf(request), route: null, user_id: undefined }
    request.exchange = exchange
    const answer = await handle(request)
    // Who keeps the connection for the next request would find it closed.
    if (isStopping()) answer.headers.set('connection', 'close')
    const { id: request_id, route, user_id } = exchange
    const duration_ms = Math.round((performance.now() - began) * 1000) / 1000
    const { method } = request
    const { status } = answer
    metrics.observe({ method, route, status, seconds: duration_ms / 1000 })
    const line: RequestLine = { request_id, method, route, status, duration_ms }
    if (logUserIds) line.user_id = user_id
    log.request(route !== null && probes.includes(route) ? 'debug' : 'info', line)
    return answer
  }
}

/** The client's id where it is 1 to 128 visible ASCII characters, or a new one. */
function idOf(request: Request): string {
  const id = request.headers.get('x-request-id')
  return id !== null && /^[\x21-\x7e]{1,128}$/.test(id) ? id : crypto.randomUUID()
}
