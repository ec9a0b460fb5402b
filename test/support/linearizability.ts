/**
 * Decides whether what concurrent clients saw of one object could have come from a one-at-a-time execution: the search
 * of J. Wing & C. Gong 1993, "Testing and Verifying Concurrent Objects", which G. Lowe 2017, "Testing for
 * Linearizability", cuts short by never going twice from the same set of operations and the same state.
 */

/**
 * One operation of a history: when it was called and when it returned (any monotonic numbers), what it was and what it
 * answered. One that is pending has no known outcome: it took effect at any time after its call, or never will; its
 * `returned` means nothing, and `output` is whatever the specification takes for an answer that nobody saw.
 */
export type Operation<Input, Output> = {
  called: number
  returned: number
  input: Input
  output: Output
  pending?: true
}

/** A sequential specification. */
export type Specification<State, Input, Output> = {
  initial: State
  /** The state after the input if the output is a right one in this state, undefined otherwise. */
  step(state: State, input: Input, output: Output): State | undefined
  /** A string that is equal for equal states. */
  key(state: State): string
}

/** A set of operations: bit n stands for the operation with index n. */
type Indexes = number

/** As many as the bitwise operators have bits for, without the sign. */
const MOST_OPERATIONS = 31

const has = (indexes: Indexes, index: number) => (indexes & (1 << index)) !== 0

/** @returns the operations that an order has to contain: those that answered */
function answered(history: readonly Operation<unknown, unknown>[]): Indexes {
  return history.reduce((indexes, { pending }, index) => (pending ? indexes : indexes | (1 << index)), 0)
}

/**
 * @returns the operations that can come next, each with its index: of those not yet `done`, the ones called before any
 *   other of them had returned. An operation called in the very instant of a return counts as concurrent, since a clock
 *   that gives both the same number cannot tell which was first.
 */
function candidates<Input, Output>(
  history: readonly Operation<Input, Output>[],
  done: Indexes
): [number, Operation<Input, Output>][] {
  const left = [...history.entries()].filter(([index]) => !has(done, index))
  const firstReturn = Math.min(...left.map(([, { returned, pending }]) => (pending ? Infinity : returned)))
  return left.filter(([, { called }]) => called <= firstReturn)
}

/**
 * @param history at most 31 operations, in any order
 * @returns an order that explains the history, as indexes into it, or undefined where there is none; a pending operation
 *   that is missing from it did not have to take effect
 */
export function linearize<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  specification: Specification<State, Input, Output>
): number[] | undefined {
  if (history.length > MOST_OPERATIONS) throw new RangeError(`A history has at most ${MOST_OPERATIONS} operations`)
  const required = answered(history)
  const visited = new Set<string>()

  /** @returns the rest of an order after `done` operations have led to a state, or undefined where there is none */
  function rest(done: Indexes, state: State): number[] | undefined {
    if ((required & ~done) === 0) return []
    const configuration = `${done} ${specification.key(state)}`
    // What comes after depends on nothing else, so an order that is still being looked for was not found from here.
    if (visited.has(configuration)) return undefined
    visited.add(configuration)
    for (const [index, { input, output }] of candidates(history, done)) {
      const next = specification.step(state, input, output)
      const found = next === undefined ? undefined : rest(done | (1 << index), next)
      if (found) return [index, ...found]
    }
    return undefined
  }

  return rest(0, specification.initial)
}
