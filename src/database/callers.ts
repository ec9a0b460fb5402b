import type { DatabaseUnavailable } from './failure.ts'

/** Somebody who waits for a statement. */
export class Caller {
  /** Runs a statement again that may be run twice. */
  repeat: (() => void) | undefined
  before: Caller | undefined
  behind: Caller | undefined

  /** @param began since when, in milliseconds as `performance.now()` counts */
  constructor(
    readonly began: number,
    readonly giveUp: (reason: DatabaseUnavailable) => void
  ) {}
}

/**
 * All who wait, in the order in which they came. A list linked in itself: to come into a Set and to leave it took a tenth of
 * the time of a read.
 */
export class Callers {
  private first: Caller | undefined
  private last: Caller | undefined

  add(caller: Caller): void {
    caller.before = this.last
    if (this.last) this.last.behind = caller
    else this.first = caller
    this.last = caller
  }

  /** Removes a caller, who may be gone already. */
  remove(caller: Caller): void {
    const { before, behind } = caller
    if (!before && this.first !== caller) return
    if (before) before.behind = behind
    else this.first = behind
    if (behind) behind.before = before
    else this.last = before
    caller.before = caller.behind = undefined
  }

  /** Whoever is visited may be removed meanwhile. */
  *[Symbol.iterator](): Generator<Caller> {
    for (let caller = this.first; caller; ) {
      const { behind }: Caller = caller
      yield caller
      caller = behind
    }
  }
}
