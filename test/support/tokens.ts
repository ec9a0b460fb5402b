import { createHmac, type KeyObject, sign } from 'node:crypto'
import type { IdentityConfig } from '../../src/config.ts'

/** The tests' own tokens, made without the library that verifies them. */

/** Whether every service of this run is started with identity on: the variable IDENTITY says so. */
export const identityIsOn = process.env['IDENTITY'] === 'on'

export const secret = 'a secret of the tests, and of nobody else'

/** What the services of this run are told. */
export const identityConfig: IdentityConfig | null = identityIsOn
  ? { source: { secret: new TextEncoder().encode(secret) }, issuer: null, audience: null }
  : null

const base64url = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

export type Claims = Record<string, unknown>

/** @returns the claims of a good token for a user, and what is put in their place */
export const claimsFor = (user: string, others: Claims = {}): Claims => ({ sub: user, exp: inSeconds(3600), ...others })

/** Signs claims, or text that stands for them, by HS256. */
export function hs256(claims: Claims | string, header: Claims = {}, key: string | Uint8Array = secret): string {
  const unsigned = signable({ alg: 'HS256', typ: 'JWT', ...header }, claims)
  return `${unsigned}.${base64url(createHmac('sha256', key).update(unsigned).digest())}`
}

/** What is signed of a token: header and claims. */
export function signable(header: Claims, claims: Claims | string): string {
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims)
  return `${base64url(JSON.stringify(header))}.${base64url(payload)}`
}

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA'

/** A private key, and what an issuer publishes of it. */
export type SigningKey = {
  alg: Algorithm
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  jwk: Record<string, unknown>
}

/** Signs claims with an issuer's key. */
export function signed({ alg, kid, privateKey }: SigningKey, claims: Claims, header: Claims = {}): string {
  const unsigned = signable({ alg, typ: 'JWT', kid, ...header }, claims)
  const hash = alg === 'EdDSA' ? null : header['alg'] === 'RS512' ? 'sha512' : 'sha256'
  const signature = sign(hash, Buffer.from(unsigned), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${unsigned}.${base64url(signature)}`
}

/** @returns the header with which a user is let in, where identity is on */
export const authorizationOf = (user: string): Record<string, string> =>
  identityIsOn ? { authorization: `Bearer ${hs256(claimsFor(user))}` } : {}

/** @returns the header with which a request for this path is let in, where identity is on */
export function authorizationFor(path: string): Record<string, string> {
  const [, api, segment = ''] = path.split(/[/?]/, 3)
  return api === 'api' ? authorizationOf(decoded(segment)) : {}
}

/** @returns a request as it is sent, with the header with which it is let in */
export function authorized(request: string): string {
  const [line = ''] = request.split('\r\n', 1)
  const { authorization } = authorizationFor(line.split(' ')[1] ?? '')
  return authorization ? request.replace('\r\n', `\r\nAuthorization: ${authorization}\r\n`) : request
}

/** The user that the path names, or anybody where it names nobody. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment) || 'anybody'
  } catch {
    return 'anybody'
  }
}
