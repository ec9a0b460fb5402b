import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Logger } from './log.ts'

/** No key that is known fits, and the issuer can't be asked for others. */
export class IssuerUnavailable extends Error {
  override name = 'IssuerUnavailable'
}

/** For how long keys are used without asking for them again, in milliseconds. */
const freshness = 600_000

/** The least time between two requests to the issuer, in milliseconds, whatever tokens come: after an answer, and after none. */
const cooldown = { answered: 5000, failed: 1000 }

/** How long the issuer has to answer, in milliseconds. */
const patience = 3000

/**
 * The keys of an issuer (RFC 7517 §5): fetched when the first token comes, again when a token names a key that is not among
 * them, and when they are no longer fresh. While the issuer is down the keys that are known stay good.
 *
 * @param log hears of an issuer that does not answer
 * @param onFetched is called whenever keys have come, since others may have gone
 * @returns finds the key of a token, for jose; it rejects with {@link IssuerUnavailable} where there may be one
 */
export function createKeySet(url: URL, log: Logger, onFetched: () => void): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined
  let answeredAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  let pending: Promise<void> | undefined

  async function fetchKeys(): Promise<void> {
    try {
      const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(patience) })
      if (!answer.ok) throw new Error(`it answered ${answer.status}`)
      const set: unknown = await answer.json()
      if (!isKeySet(set)) throw new Error('it answered something else than keys')
      keys = createLocalJWKSet(set)
      answeredAt = performance.now()
      onFetched()
    } catch (error) {
      failedAt = performance.now()
      log.warn({ reason: error instanceof Error ? error.message : error }, "the issuer's keys could not be fetched")
    } finally {
      pending = undefined
    }
  }

  /** Asks the issuer, unless it was asked just now; all who need that wait for one answer. */
  async function refresh(): Promise<void> {
    const now = performance.now()
    if (!pending && (now < answeredAt + cooldown.answered || now < failedAt + cooldown.failed)) return
    pending ??= fetchKeys()
    await pending
  }

  return async (header, token) => {
    const refreshed = performance.now() > answeredAt + freshness ? refresh() : undefined
    if (!keys) await refreshed
    if (!keys) throw new IssuerUnavailable()
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await refresh()
      if (failedAt > answeredAt) throw new IssuerUnavailable()
      return await keys(header, token)
    }
  }
}

/** What is more to check of each key is checked when it is used. */
function isKeySet(value: unknown): value is JSONWebKeySet {
  return value instanceof Object && 'keys' in value && Array.isArray(value.keys)
}
