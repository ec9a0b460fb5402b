import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { Logger } from '../log.ts'
import { StartError } from '../start-error.ts'
import type { Database } from './connect.ts'
import { describeFailure, mayCome } from './failure.ts'

/** Between two attempts, in milliseconds: doubled from the least to the most. */
const leastPause = 100
const mostPause = 5000

export type Waiting = {
  /** For how long, in seconds. */
  seconds: number
  log: Logger
  /** Ends it before its time; it rejects with the signal's reason then. */
  signal?: AbortSignal
}

/**
 * Waits until the database answers: of two containers that start together it is seldom the first.
 *
 * @throws {StartError} where it does not come in that time, or is there and does not let this program in
 */
export async function untilThere({ db, name }: Database, { seconds, log, signal }: Waiting): Promise<void> {
  const over = AbortSignal.timeout(seconds * 1000)
  const ended = AbortSignal.any(signal ? [signal, over] : [over])
  let reason = 'it does not answer'
  for (let pause = leastPause; ; pause = Math.min(pause * 2, mostPause)) {
    try {
      ended.throwIfAborted()
      await unless(ended, db.execute(sql`select 1`))
      return
    } catch (error) {
      signal?.throwIfAborted()
      if (over.aborted) throw new StartError(`there was no ${name} within ${seconds} s: ${reason}`)
      reason = describeFailure(error)
      if (!mayCome(error)) throw new StartError(`the database can't be used: ${reason}`)
      log.warn({ reason }, `${name} is not there yet, it is waited for`)
    }
    // Jitter, so that instances do not all come back at once. It ends early where the waiting does.
    await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: ended }).catch(() => {})
  }
}

/** Waits for a promise until the signal comes, and rejects with its reason then. */
async function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => {
    promise.catch(() => {})
    aborted.reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
