import { Elysia } from 'elysia'
import type { Logger } from './log.ts'

type Exchange = { id: string; route: string | null }

const exchanges = new WeakMap<Request, Exchange>()

/** What operators' machines ask for every few seconds is only logged at `debug`. */
const probes = ['/health', '/ready']

/** @returns the id under which the request is logged and answered */
export const requestId = (request: Request) => exchanges.get(request)?.id

/** Notes which route a request has reached: its template, so that no path with somebody's id in it gets into the log. */
export const noteRoute = new Elysia({ name: 'note-route' }).onTransform({ as: 'global' }, ({ request, route }) => {
  const exchange = exchanges.get(request)
  if (exchange) exchange.route = route
})

/**
 * Surrounds the whole service: whatever becomes of a request, its answer has `X-Request-Id` and
 * `X-Content-Type-Options`, and it leaves one line in the log.
 *
 * @param handle answers a request, and never rejects
 */
export function logRequests(log: Logger, handle: (request: Request) => Response | Promise<Response>) {
  return async (request: Request): Promise<Response> => {
    const began = performance.now()
    const exchange: Exchange = { id: idOf(request), route: null }
    exchanges.set(request, exchange)
    const answer = await handle(request)
    answer.headers.set('x-request-id', exchange.id)
    answer.headers.set('x-content-type-options', 'nosniff')
    const { id: request_id, route } = exchange
    const duration_ms = Math.round((performance.now() - began) * 1000) / 1000
    const { method } = request
    const { status } = answer
    const level = route !== null && probes.includes(route) ? 'debug' : 'info'
    const message = `${method} ${route ?? '(no route)'} ${status} in ${duration_ms} ms`
    log[level]({ request_id, method, route, status, duration_ms }, message)
    return answer
  }
}

/** The client's id where it is 1 to 128 visible ASCII characters, or a new one. */
function idOf(request: Request): string {
  const id = request.headers.get('x-request-id')
  return id !== null && /^[\x21-\x7e]{1,128}$/.test(id) ? id : crypto.randomUUID()
}
