import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { linearize, type Operation, type Specification } from './support/linearizability.ts'

type Input =
  | { kind: 'read' }
  | { kind: 'write'; value: number }
  | { kind: 'compareAndSet'; from: number; to: number }
  | { kind: 'toggle' }

/** undefined is an answer that nobody saw. */
type Output = number | boolean | undefined
type Event = Operation<Input, Output>

const read: Input = { kind: 'read' }
const toggle: Input = { kind: 'toggle' }
const write = (value: number): Input => ({ kind: 'write', value })
const compareAndSet = (from: number, to: number): Input => ({ kind: 'compareAndSet', from, to })

/** @returns what an input makes of the value, and the one right answer to it */
function run(value: number, input: Input): { value: number; output: number | boolean } {
  switch (input.kind) {
    case 'read':
      return { value, output: value }
    case 'write':
      return { value: input.value, output: true }
    case 'compareAndSet':
      return value === input.from ? { value: input.to, output: true } : { value, output: false }
    case 'toggle': {
      const toggled = value === 0 ? 1 : 0
      return { value: toggled, output: toggled }
    }
  }
}

const register: Specification<number, Input, Output> = {
  initial: 0,
  step(state, input, output) {
    const right = run(state, input)
    return output === undefined || output === right.output ? right.value : undefined
  },
  key: String
}

const event = (called: number, returned: number, input: Input, output: Output): Event => ({
  called,
  returned,
  input,
  output
})
const pending = (called: number, input: Input, output?: Output): Event => ({
  called,
  returned: Infinity,
  input,
  output,
  pending: true
})

/** Says outright what the checker searches for: whether an order explains a history. */
function explains(order: readonly number[], history: readonly Event[]): boolean {
  const inOrder = order.flatMap((index) => history[index] ?? [])
  const precedes = (one: Event, other: Event) => !one.pending && one.returned < other.called
  const keepsTime = inOrder.every((later, place) => !inOrder.slice(0, place).some((first) => precedes(later, first)))
  const isComplete = history.every(({ pending }, index) => pending || order.includes(index))
  const isOnceEach = new Set(order).size === order.length && inOrder.length === order.length
  let value: number | undefined = register.initial
  for (const { input, output } of inOrder) {
    if (value !== undefined) value = register.step(value, input, output)
  }
  return keepsTime && isComplete && isOnceEach && value !== undefined
}

/** @returns every order of every selection of the indexes, the empty one included */
function orders(indexes: readonly number[]): number[][] {
  return [
    [],
    ...indexes.flatMap((first) => orders(indexes.filter((index) => index !== first)).map((o) => [first, ...o]))
  ]
}

function expectAccepted(history: readonly Event[]): void {
  const order = linearize(history, register)
  expect(order).toBeDefined()
  expect(explains(order ?? [], history)).toBe(true)
}

function expectRejected(history: readonly Event[]): void {
  expect(linearize(history, register)).toBeUndefined()
}

describe('a history that has an order is accepted, one that has none is rejected', () => {
  test('no operations need no order', () => {
    expect(linearize([], register)).toEqual([])
  })

  test('a read after a completed write sees it', () => {
    expectAccepted([event(0, 1, write(1), true), event(2, 3, read, 1)])
    expectRejected([event(0, 1, write(1), true), event(2, 3, read, 0)])
  })

  test('a read that overlaps a write sees what was before or what is after, and nothing else', () => {
    expectAccepted([event(0, 9, write(1), true), event(2, 3, read, 0)])
    expectAccepted([event(0, 9, write(1), true), event(2, 3, read, 1)])
    expectRejected([event(0, 9, write(1), true), event(2, 3, read, 2)])
  })

  test('what one read has seen, no later read has yet to see', () => {
    expectAccepted([event(0, 9, write(1), true), event(1, 2, read, 0), event(3, 4, read, 1)])
    expectRejected([event(0, 9, write(1), true), event(1, 2, read, 1), event(3, 4, read, 0)])
  })

  test('of two that compare and set from the same value, one wins', () => {
    expectAccepted([event(0, 9, compareAndSet(0, 1), true), event(0, 9, compareAndSet(0, 2), false)])
    expectRejected([event(0, 9, compareAndSet(0, 1), true), event(0, 9, compareAndSet(0, 2), true)])
    expectRejected([event(0, 9, compareAndSet(0, 1), false), event(0, 9, compareAndSet(0, 2), false)])
  })

  test('no toggle is lost, whether they overlap or not', () => {
    expectAccepted([event(0, 1, toggle, 1), event(2, 3, toggle, 0)])
    expectRejected([event(0, 1, toggle, 1), event(2, 3, toggle, 1)])
    expectAccepted([event(0, 9, toggle, 0), event(0, 9, toggle, 1)])
    expectRejected([event(0, 9, toggle, 1), event(0, 9, toggle, 1)])
  })

  test('time orders operations, their place in the history does not', () => {
    expect(
      linearize([event(4, 5, read, 2), event(2, 3, write(2), true), event(0, 1, write(1), true)], register)
    ).toEqual([2, 1, 0])
    expectRejected([event(4, 5, read, 1), event(2, 3, write(2), true), event(0, 1, write(1), true)])
    expectAccepted([event(4, 5, read, 1), event(0, 3, write(2), true), event(0, 1, write(1), true)])
  })

  test('an operation called in the instant of a return is concurrent with what returned', () => {
    expectAccepted([event(0, 1, write(1), true), event(1, 2, read, 0)])
  })

  test('more operations than a bit mask has bits for are refused, not misjudged', () => {
    const reads = (count: number) => Array.from({ length: count }, (_, time) => event(2 * time, 2 * time + 1, read, 0))
    expectAccepted(reads(31))
    expect(() => linearize(reads(32), register)).toThrow(RangeError)
  })
})

describe('an operation without an answer', () => {
  test('took effect or did not', () => {
    expectAccepted([pending(0, write(1)), event(1, 2, read, 1)])
    expectAccepted([pending(0, write(1)), event(1, 2, read, 0)])
    expectAccepted([pending(0, write(1)), event(1, 2, read, 0), event(3, 4, read, 1)])
  })

  test('took effect once, and not before it was called', () => {
    expectRejected([pending(0, write(1)), event(1, 2, read, 1), event(3, 4, read, 0)])
    expectRejected([pending(0, toggle), event(1, 2, read, 1), event(3, 4, read, 0)])
    expectRejected([event(0, 1, read, 1), pending(2, write(1))])
  })

  test('may take effect after its client gave up', () => {
    const abandoned: Event = { ...pending(0, write(1)), returned: 1 }
    expectAccepted([abandoned, event(2, 3, read, 0), event(4, 5, read, 1)])
  })

  test('takes effect only where the output that it has is right', () => {
    expectAccepted([pending(0, compareAndSet(0, 1), true), event(1, 2, read, 1)])
    expectRejected([pending(0, compareAndSet(0, 1), false), event(1, 2, read, 1)])
  })

  test('has to take effect if it is not said to be pending', () => {
    expectAccepted([event(0, Infinity, compareAndSet(0, 1), true), event(1, 2, read, 0)])
    expectRejected([event(0, Infinity, compareAndSet(2, 1), true), event(1, 2, read, 0)])
  })
})

const inputs = fc.constantFrom(
  read,
  toggle,
  ...[0, 1, 2].map(write),
  ...[0, 1, 2].flatMap((from) => [0, 1, 2].map((to) => compareAndSet(from, to)))
)

type Fate = 'answered' | 'unanswered' | 'lost'
type Plan = { input: Input; before: number; after: number; fate: Fate }

/** @returns what clients see when operations run one by one at 10, 20, 30 …, called and answered that much before and after */
function execute(plans: readonly Plan[]): Event[] {
  let value = register.initial
  return plans.map(({ input, before, after, fate }, place) => {
    const moment = 10 * (place + 1)
    if (fate === 'lost') return pending(moment - before, input)
    const result = run(value, input)
    value = result.value
    if (fate === 'unanswered') return pending(moment - before, input)
    return event(moment - before, moment + after, input, result.output)
  })
}

/** Histories whose operations ran one by one, in no particular order. */
const histories = fc
  .array(
    fc.record<Plan>({
      input: inputs,
      before: fc.integer({ min: 0, max: 40 }),
      after: fc.integer({ min: 0, max: 40 }),
      fate: fc.oneof(
        { weight: 8, arbitrary: fc.constant<Fate>('answered') },
        { weight: 1, arbitrary: fc.constantFrom<Fate>('unanswered', 'lost') }
      )
    }),
    { maxLength: 20, size: 'max' }
  )
  .map(execute)
  .chain((history) => fc.shuffledSubarray(history, { minLength: history.length }))

test('whatever ran one by one is accepted, however much its operations overlap', () => {
  fc.assert(fc.property(histories, expectAccepted), { numRuns: 1000 })
})

/** @returns the answers that an input can have in some state or other */
function answers({ kind }: Input): Output[] {
  if (kind === 'read') return [0, 1, 2]
  if (kind === 'toggle') return [0, 1]
  return kind === 'write' ? [true] : [true, false]
}

const anyEvent = inputs.chain((input) =>
  fc
    .record({
      called: fc.integer({ min: 0, max: 8 }),
      lasts: fc.integer({ min: 0, max: 4 }),
      output: fc.constantFrom(...answers(input)),
      isPending: fc.integer({ min: 0, max: 5 }).map((one) => one === 0)
    })
    .map(({ called, lasts, output, isPending }) =>
      isPending ? pending(called, input, output) : event(called, called + lasts, input, output)
    )
)

test('the verdict on any short history is that of trying every order', () => {
  const verdicts = { accepted: 0, rejected: 0 }
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 5, size: 'max' }), (history) => {
      if (orders([...history.keys()]).some((order) => explains(order, history))) {
        verdicts.accepted++
        expectAccepted(history)
      } else {
        verdicts.rejected++
        expectRejected(history)
      }
    }),
    { numRuns: 3000 }
  )
  // Agreement on one verdict alone would say nothing of the other.
  expect(Math.min(verdicts.accepted, verdicts.rejected)).toBeGreaterThan(300)
})

test('no operation is tried twice from the same set of operations and the same state', () => {
  const writers = 12
  const history = [...Array.from({ length: writers }, () => event(0, 1, write(1), true)), event(2, 3, read, 2)]
  let steps = 0
  const counted: typeof register = {
    ...register,
    step(...change) {
      // Thrown rather than counted to the end: trying every order would take 12! steps.
      if (++steps > history.length * 2 ** writers) throw new Error('the search does not remember where it has been')
      return register.step(...change)
    }
  }
  expect(linearize(history, counted)).toBeUndefined()
})
