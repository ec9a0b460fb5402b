import { DatabaseUnavailable, isUnavailable, neverArrived } from './failure.ts'

export type GuardSettings = {
  /** How many statements may be under way or waiting at once; more are refused at once. */
  most: number
  /** How long a caller waits for a statement, in milliseconds, retries included. */
  deadline: number
  /** For how long what failed is tried again, in milliseconds. */
  patience: number
  /** Whether the database has room for what a write adds; without it there always is. */
  hasRoom?: () => boolean
  /** Is told when the database has answered nothing at all for as long as the deadline. */
  onSilence?: () => void
}

/** Runs a statement; `repeatable` says that running it twice does no harm. */
export type Guard = <T>(statement: () => Promise<T>, repeatable: boolean) => Promise<T>

/**
 * Bounds what callers wait for the database, in number and in time, and tries again what may be tried again: what can be
 * repeated, and what certainly never arrived. A write that may have been applied is not repeated.
 */
export function createGuard({ most, deadline, patience, hasRoom, onSilence }: GuardSettings): Guard {
  let underWay = 0
  let lastAnswer = performance.now()

  async function attempt<T>(statement: () => Promise<T>, repeatable: boolean): Promise<T> {
    const began = performance.now()
    for (let pause = 25; ; pause *= 2) {
      try {
        const answer = await statement()
        lastAnswer = performance.now()
        return answer
      } catch (error) {
        const again = isUnavailable(error) && (repeatable || neverArrived(error))
        // Jitter, so that instances do not all come back at once.
        const wait = pause * (0.5 + Math.random())
        if (!again || performance.now() - began + wait > patience) throw error
        await Bun.sleep(wait)
      }
    }
  }

  return async (statement, repeatable) => {
    if (underWay >= most) throw new DatabaseUnavailable('too many statements are waiting')
    if (!repeatable && hasRoom?.() === false) throw new DatabaseUnavailable('the disk is nearly full')
    underWay++
    const outcome = attempt(statement, repeatable).finally(() => {
      // Only now: a statement whose caller has given up still takes its place.
      underWay--
    })
    const began = performance.now()
    return await within(deadline, outcome, () => {
      // As long as others are answered, it is this statement that is slow, and not the database that is gone.
      if (lastAnswer < began) onSilence?.()
    })
  }
}

/** Waits for a promise, but no longer than that: what becomes of it later is nobody's business. */
async function within<T>(milliseconds: number, promise: Promise<T>, onLate: () => void): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new DatabaseUnavailable(`no answer within ${milliseconds} ms`))
    promise.catch(() => {})
    onLate()
  }, milliseconds)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
