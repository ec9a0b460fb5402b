/**
 * What it costs to verify tokens: reads with identity on against reads with identity off, in turns within one run.
 *
 * Usage: bun run build && bun bench/identity.ts [ROUNDS [SECONDS]]
 * Needs wrk.
 */
import { startIssuer } from '../test/support/issuer.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { type Claims, claimsFor, hs256, secret, signed } from '../test/support/tokens.ts'
import { type Contender, startContender } from './support/contender.ts'
import { median, ratio } from './support/measures.ts'
import { type BenchRequest, wrk } from './support/wrk.ts'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 5)
const users = 100

const postgres = await startPostgres()
const DATABASE_URL = (await postgres.createDatabase()).href
const issuer = startIssuer('RS256', 'ES256', 'EdDSA')
const byKeys = { AUTH_JWKS_URL: issuer.jwksUrl }

type Entrant = { name: string; server: Contender; requests: BenchRequest[]; rates: number[] }

/** @param tokens how many each user has: more than are remembered, and each is verified anew */
async function enter(
  name: string,
  environment: Record<string, string>,
  token?: (claims: Claims) => string,
  tokens = 1
): Promise<Entrant> {
  const server = await startContender(['dist/tasks-api'], { DATABASE_URL, ...environment }, '/ready')
  const requests: BenchRequest[] = []
  for (let user = 0; user < users; user++) {
    const path = `/api/user-${user}/tasks`
    const headersWith = (jti: number): Record<string, string> =>
      token ? { authorization: `Bearer ${token(claimsFor(`user-${user}`, { jti }))}` } : {}
    const answer = await fetch(`${server.origin}${path}`, {
      method: 'POST',
      headers: { ...headersWith(0), 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'x' })
    })
    const task = answer.headers.get('location') ?? ''
    for (let jti = 1; jti <= tokens; jti++) requests.push({ method: 'GET', path: task, headers: headersWith(jti) })
  }
  return { name, server, requests, rates: [] }
}

const bySecret = { AUTH_JWT_SECRET: secret }
const entrants = [await enter('off', {}), await enter('HS256', bySecret, (claims) => hs256(claims))]
for (const key of issuer.keys) entrants.push(await enter(key.alg, byKeys, (claims) => signed(key, claims)))
entrants.push(await enter('HS256, each token once', bySecret, (claims) => hs256(claims), 200))
for (const key of issuer.keys) {
  entrants.push(await enter(`${key.alg}, each token once`, byKeys, (claims) => signed(key, claims), 200))
}

for (let round = -1; round < rounds; round++) {
  for (const { server, requests, rates } of entrants) {
    const { perSecond, failed, broken } = await wrk(server.origin, requests, { connections: 64, seconds })
    if (failed + broken > 0) throw new Error(`${failed} answers were none, ${broken} never came`)
    // The first round is to warm up.
    if (round >= 0) rates.push(perSecond)
  }
}
const [off] = entrants
console.log('| identity | reads a second | ratio |\n|---|---|---|')
for (const { name, rates } of entrants) {
  console.log(`| ${name} | ${median(rates).toFixed(0)} | ${ratio(rates, off?.rates ?? [])} |`)
}
for (const { server } of entrants) await server.stop()
await issuer.stop()
await postgres.stop()
