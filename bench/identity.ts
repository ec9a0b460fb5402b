/**
 * What it costs to verify tokens: reads with identity on against reads with identity off, in turns within one run.
 *
 * Usage: bun run build && bun bench/identity.ts [ROUNDS [SECONDS]]
 * Needs wrk.
 */
import { startIssuer } from '../test/support/issuer.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { claimsFor, hs256, secret, signed } from '../test/support/tokens.ts'
import { type Contender, median, startContender } from './support/contender.ts'
import { type BenchRequest, wrk } from './support/wrk.ts'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 5)
const users = 100

const postgres = await startPostgres()
const DATABASE_URL = (await postgres.createDatabase()).href
const issuer = startIssuer('RS256', 'ES256', 'EdDSA')
const byKeys = { AUTH_JWKS_URL: issuer.jwksUrl }

type Entrant = { name: string; server: Contender; requests: BenchRequest[]; rates: number[] }

async function enter(
  name: string,
  environment: Record<string, string>,
  token?: (user: string) => string
): Promise<Entrant> {
  const server = await startContender(['dist/tasks-api'], { DATABASE_URL, ...environment }, '/ready')
  const requests: BenchRequest[] = []
  for (let user = 0; user < users; user++) {
    const path = `/api/user-${user}/tasks`
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token(`user-${user}`)}` } : {}
    const body = { method: 'POST', body: JSON.stringify({ title: 'x' }) }
    const answer = await fetch(`${server.origin}${path}`, {
      ...body,
      headers: { ...headers, 'content-type': 'application/json' }
    })
    requests.push({ method: 'GET', path: answer.headers.get('location') ?? '', headers })
  }
  return { name, server, requests, rates: [] }
}

const entrants = [
  await enter('off', {}),
  await enter('HS256', { AUTH_JWT_SECRET: secret }, (user) => hs256(claimsFor(user))),
  ...(await Promise.all(
    issuer.keys.map((key) => enter(`${key.alg}, a cached key set`, byKeys, (user) => signed(key, claimsFor(user))))
  ))
]

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
  const ratios = rates.map((rate, round) => rate / (off?.rates[round] ?? Number.NaN))
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
  console.log(`| ${name} | ${median(rates).toFixed(0)} | ${median(ratios).toFixed(2)} (${spread}) |`)
}
for (const { server } of entrants) await server.stop()
await issuer.stop()
await postgres.stop()
