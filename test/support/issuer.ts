import { generateKeyPairSync } from 'node:crypto'
import { freePort } from './free-port.ts'
import type { Algorithm, SigningKey } from './tokens.ts'

/** A server that publishes keys, as an issuer of tokens does. */
export type Issuer = {
  jwksUrl: string
  /** What it publishes. */
  keys: SigningKey[]
  /** What it answers instead of its keys, if anything. */
  instead: (() => Response | Promise<Response>) | undefined
  /** How often it was asked. */
  requests: number
  start(): void
  stop(): Promise<void>
}

export function startIssuer(...algorithms: Algorithm[]): Issuer {
  const port = freePort()
  let server: Bun.Server<undefined> | undefined
  const issuer: Issuer = {
    jwksUrl: `http://127.0.0.1:${port}/jwks`,
    keys: algorithms.map((algorithm) => createKey(algorithm)),
    instead: undefined,
    requests: 0,
    start() {
      server = Bun.serve({
        hostname: '127.0.0.1',
        port,
        async fetch() {
          issuer.requests++
          return (await issuer.instead?.()) ?? Response.json({ keys: issuer.keys.map(({ jwk }) => jwk) })
        }
      })
    },
    stop: async () => await server?.stop(true)
  }
  issuer.start()
  return issuer
}

let made = 0

/** @returns a new key, with an id of its own */
export function createKey(alg: Algorithm, bits = 2048): SigningKey {
  const kid = `key-${++made}`
  const { privateKey, publicKey } = pair(alg, bits)
  return { alg, kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } }
}

function pair(alg: Algorithm, bits: number) {
  if (alg === 'RS256') return generateKeyPairSync('rsa', { modulusLength: bits })
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('ed25519')
}
