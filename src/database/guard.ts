import { DatabaseUnavailable, isUnavailable, neverArrived } from './failure.ts'

export type GuardSettings = {
  /** How many statements may be under way or waiting at once; more are refused at once. */
  most: number
  /** How long a caller waits for a statement, in milliseconds, retries included. */
  deadline: number
  /** For how long what failed is tried again, in milliseconds. */
  patience: number
}

/** Runs a statement; `repeatable` says that running it twice does no harm. */
export type Guard = <T>(statement: () => Promise<T>, repeatable: boolean) => Promise<T>

/**
 * Bounds what callers wait for the database, in number and in time, and tries again what may be tried again: what can be
 * repeated, and what certainly never arrived. A write that may have been applied is not repeated.
 */
export function createGuard({ most, deadline, patience }: GuardSettings): Guard {
  let underWay = 0

  async function attempt<T>(statement: () => Promise<T>, repeatable: boolean): Promise<T> {
    const began = performance.now()
    for (let pause = 25; ; pause *= 2) {
      try {
        return await statement()
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
    underWay++
    const outcome = attempt(statement, repeatable).finally(() => {
      // Only now: a statement whose caller has given up still takes its place.
      underWay--
    })
    return await within(deadline, outcome)
  }
}

/** Waits for a promise, but no longer than that: what becomes of it later is nobody's business. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new DatabaseUnavailable(`no answer within ${milliseconds} ms`))
    promise.catch(() => {})
  }, milliseconds)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
