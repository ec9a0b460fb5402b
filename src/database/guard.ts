import { Caller, Callers } from './callers.ts'
import { DatabaseUnavailable, isUnavailable, neverArrived } from './failure.ts'

export type GuardSettings = {
  /** How many statements may be under way or waiting at once; more are refused at once. */
  most: number
  /** How long a caller waits for a statement, in milliseconds, retries included. */
  deadline: number
  /** For how long what failed is tried again, in milliseconds. */
  patience: number
  /** Whether the database has its schema yet; without it there always is one. */
  isReady?: () => boolean
  /** Whether the database has room for what a write adds; without it there always is. */
  hasRoom?: () => boolean
  /**
   * Is told when the database has answered nothing at all for as long as the deadline, and may replace its connections.
   * Once it has, it calls `replaced`: what was asked on the old ones is repeated or given up then.
   */
  onSilence?: (replaced: () => void) => void
}

/** Runs a statement; `repeatable` says that running it twice does no harm. */
export type Guard = <T>(statement: () => Promise<T>, repeatable: boolean) => Promise<T>

/**
 * Bounds what callers wait for the database, in number and in time, and tries again what may be tried again: what can be
 * repeated, and what certainly never arrived. A write that may have been applied is not repeated.
 *
 * @returns the guard, and how many statements are under way or waiting
 */
export function createGuard({ most, deadline, patience, isReady, hasRoom, onSilence }: GuardSettings): {
  guard: Guard
  underWay(): number
} {
  /** Statements on the connections of now. One whose caller has given up still takes its place. */
  let underWay = { number: 0 }
  /** The first is the first to be late. */
  const callers = new Callers()
  let timed = false
  let replacing = false
  let lastAnswer = performance.now()

  /** Tries again what has failed, as long as that may help. */
  async function retry<T>(statement: () => Promise<T>, repeatable: boolean, failure: unknown): Promise<T> {
    const began = performance.now()
    let error = failure
    for (let pause = 25; ; pause *= 2) {
      const again = isUnavailable(error) && (repeatable || neverArrived(error))
      // Jitter, so that instances do not all come back at once.
      const wait = pause * (0.5 + Math.random())
      if (!again || performance.now() - began + wait > patience) throw error
      await Bun.sleep(wait)
      try {
        return await statement()
      } catch (next) {
        error = next
      }
    }
  }

  /** One timer for all: they all wait equally long. */
  function giveUpTheLateIn(milliseconds: number): void {
    timed = true
    setTimeout(giveUpTheLate, milliseconds)
  }

  function giveUpTheLate(): void {
    timed = false
    const now = performance.now()
    let silent = false
    for (const caller of callers) {
      const left = caller.began + deadline - now
      if (left > 0) {
        giveUpTheLateIn(left)
        break
      }
      callers.remove(caller)
      caller.giveUp(new DatabaseUnavailable(`no answer within ${deadline} ms`))
      // As long as others are answered, it is this statement that is slow, and not the database that is gone.
      silent ||= lastAnswer < caller.began
    }
    if (silent && !replacing && onSilence) {
      replacing = true
      onSilence(replaced)
    }
  }

  /** The connections of all that is under way are gone. */
  function replaced(): void {
    replacing = false
    underWay = { number: 0 }
    for (const caller of callers) {
      if (caller.repeat) caller.repeat()
      else {
        callers.remove(caller)
        caller.giveUp(new DatabaseUnavailable('its connection was replaced'))
      }
    }
  }

  const guard: Guard = <T>(statement: () => Promise<T>, repeatable: boolean) =>
    new Promise<T>((resolve, reject) => {
      if (isReady?.() === false) throw new DatabaseUnavailable('it is not ready yet')
      if (underWay.number >= most) throw new DatabaseUnavailable('too many statements are waiting')
      if (!repeatable && hasRoom?.() === false) throw new DatabaseUnavailable('the disk is nearly full')
      const run = () => {
        const among = underWay
        among.number++
        const succeed = (answer: T) => {
          lastAnswer = performance.now()
          among.number--
          callers.remove(caller)
          resolve(answer)
        }
        const fail = (error: unknown) => {
          among.number--
          // It has been repeated on other connections.
          if (repeatable && among !== underWay) return
          callers.remove(caller)
          reject(error)
        }
        statement().then(succeed, (error: unknown) => retry(statement, repeatable, error).then(succeed, fail))
      }
      const caller = new Caller(performance.now(), reject)
      if (repeatable) caller.repeat = run
      callers.add(caller)
      if (!timed) giveUpTheLateIn(deadline)
      run()
    })
  return { guard, underWay: () => underWay.number }
}
