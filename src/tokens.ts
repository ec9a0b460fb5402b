import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { IdentityConfig } from './config.ts'
import { createKeySet, IssuerUnavailable } from './key-set.ts'
import type { Logger } from './log.ts'
import { Problem } from './problem.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/**
 * Finds out who sends a request.
 *
 * @param authorization the value of the Authorization header
 * @returns the token's subject
 * @throws {Problem} `unauthenticated` where there is no good token, `identity_unavailable` where that can't be told now
 */
export type Verify = (authorization: string | null) => Promise<string>

/** The only algorithms; which of the two lists holds is the configuration's choice, never the token's (RFC 8725 §3.1). */
const symmetric = ['HS256']
const asymmetric = ['RS256', 'ES256', 'EdDSA']

/**
 * @param config where the keys come from, and what else a token has to say
 * @param log hears of an issuer that does not answer
 */
export function createVerify({ issuer, audience, source }: IdentityConfig, log: Logger): Verify {
  const options = {
    algorithms: 'secret' in source ? symmetric : asymmetric,
    ...(issuer !== null && { issuer }),
    ...(audience !== null && { audience })
  }
  const verified = new VerifiedTokens()
  const keyOf: JWTVerifyGetKey =
    'secret' in source ? fixed(source.secret) : createKeySet(source.jwksUrl, log, () => verified.forget())
  return async (authorization) => {
    const token = tokenIn(authorization)
    const known = verified.subjectOf(token)
    if (known !== undefined) return known
    try {
      const { payload } = await jwtVerify(token, keyOf, options)
      if (typeof payload.sub !== 'string' || payload.sub === '') throw refused('the token has no subject')
      verified.remember(token, payload.sub, payload.exp)
      return payload.sub
    } catch (error) {
      throw toProblem(error)
    }
  }
}

function fixed(secret: Uint8Array<ArrayBuffer>): JWTVerifyGetKey {
  const key = crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
  return () => key
}

/** The credentials of RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
function tokenIn(authorization: string | null): string {
  const [, scheme = '', token = ''] = /^(\S+) +(\S+)$/.exec(authorization ?? '') ?? []
  if (scheme.toLowerCase() !== 'bearer') throw unauthenticated('a bearer token is needed', 'Bearer')
  return token
}

/** The reason is told only of a token that the issuer has signed: it tells others nothing that they did not know. */
function toProblem(error: unknown): unknown {
  if (error instanceof Problem) return error
  if (error instanceof IssuerUnavailable) {
    return new Problem('identity_unavailable', 'the token can not be verified now, try again', { 'retry-after': '1' })
  }
  if (error instanceof errors.JWTExpired) return refused('the token has expired')
  if (error instanceof errors.JWTClaimValidationFailed) return refused(claimFault(error.claim))
  return refused('the token is not valid')
}

function claimFault(claim: string): string {
  const faults: Record<string, string> = {
    nbf: 'the token is not valid yet',
    iss: 'the token is of another issuer',
    aud: 'the token is for another audience'
  }
  return faults[claim] ?? 'the token has a claim that is not valid'
}

/** A token that is there and not good, with the error code of RFC 6750 §3.1. */
const refused = (detail: string) =>
  unauthenticated(detail, `Bearer error="invalid_token", error_description="${detail}"`)

const unauthenticated = (detail: string, challenge: string) =>
  new Problem('unauthenticated', detail, { 'www-authenticate': challenge })
