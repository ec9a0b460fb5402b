import { Elysia } from 'elysia'

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const requestHeaders = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id'
const answerHeaders = 'ETag, Link, Location, Retry-After, X-Request-Id, Idempotent-Replayed'

/** For how long a browser may remember the answer to a preflight, in seconds. */
const maxAge = '600'

/**
 * Lets web pages of other origins call the service (https://fetch.spec.whatwg.org/#http-cors-protocol).
 *
 * @param origins who may; `*` is everybody. Without any nothing is said of it
 */
export function crossOrigin(origins: string[]) {
  const app = new Elysia({ name: 'cross-origin' })
  if (origins.length === 0) return app
  const everybody = origins.includes('*')
  return app.onRequest(({ request, set }) => {
    const { method, headers } = request
    if (!everybody) set.headers['vary'] = 'Origin'
    const origin = headers.get('origin')
    if (origin !== null && (everybody || origins.includes(origin))) {
      set.headers['access-control-allow-origin'] = everybody ? '*' : origin
      set.headers['access-control-expose-headers'] = answerHeaders
    }
    // Any other OPTIONS is a method that no route has.
    if (method === 'OPTIONS' && headers.has('access-control-request-method')) {
      set.headers['access-control-allow-methods'] = methods
      set.headers['access-control-allow-headers'] = requestHeaders
      set.headers['access-control-max-age'] = maxAge
      const answer = new Response(null, { status: 204 })
      return answer
    }
    return
  })
}
