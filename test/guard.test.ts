import { describe, expect, test } from 'bun:test'
import { DatabaseUnavailable } from '../src/database/failure.ts'
import { createGuard } from '../src/database/guard.ts'

/** As the drivers throw them. */
const refused = Object.assign(new Error('Failed to connect'), { code: 'ERR_POSTGRES_CONNECTION_REFUSED' })
const lost = Object.assign(new Error('Connection closed'), { code: 'ERR_POSTGRES_CONNECTION_CLOSED' })
const shutDown = Object.assign(new Error('terminating connection'), { code: '57P01' })
const wrong = Object.assign(new Error('relation does not exist'), { code: '42P01' })
const notOpened = new ErrorEvent('error')

const endless = () => new Promise<string>(() => {})

const settings = { most: 10, deadline: 60_000, patience: 60_000 }

/** Fails so often with the error, then succeeds. @returns how often it was run, or the error that came out */
async function attempts(error: unknown, failures: number, repeatable: boolean, patience = 60_000): Promise<unknown> {
  let runs = 0
  const statement = async () => {
    runs++
    if (runs <= failures) throw error
    return runs
  }
  return await createGuard({ ...settings, patience })
    .guard(statement, repeatable)
    .catch((thrown: unknown) => thrown)
}

describe('what is tried again', () => {
  test('a read, whatever became of its connection', async () => {
    for (const error of [refused, lost, shutDown, notOpened]) expect(await attempts(error, 3, true)).toBe(4)
  })

  test('a write that certainly never arrived', async () => {
    for (const error of [refused, notOpened]) expect(await attempts(error, 3, false)).toBe(4)
  })

  test('no write that may have been applied', async () => {
    for (const error of [lost, shutDown]) expect(await attempts(error, 1, false)).toBe(error)
  })

  test('nothing that is wrong', async () => {
    for (const repeatable of [true, false]) expect(await attempts(wrong, 1, repeatable)).toBe(wrong)
  })

  test('nothing for longer than patience lasts', async () => {
    expect(await attempts(refused, Infinity, true, 100)).toBe(refused)
  })
})

test('past the most that may wait, more is refused until one has ended', async () => {
  const { guard } = createGuard({ ...settings, most: 2 })
  const first = Promise.withResolvers<string>()
  const second = Promise.withResolvers<string>()
  const answers = [guard(() => first.promise, true), guard(() => second.promise, true)]
  let ran = false
  const third = async () => {
    ran = true
    return 'third'
  }
  await expect(guard(third, true)).rejects.toBeInstanceOf(DatabaseUnavailable)
  expect(ran).toBe(false)
  first.resolve('first')
  expect(await answers[0]).toBe('first')
  expect(await guard(third, true)).toBe('third')
  second.resolve('second')
  expect(await Promise.all(answers)).toEqual(['first', 'second'])
})

test('a statement that does not end is waited for no longer than the deadline, and keeps its place', async () => {
  const { guard } = createGuard({ most: 1, deadline: 20, patience: 10 })
  const endless = Promise.withResolvers<string>()
  expect(await guard(() => endless.promise, true).catch((error: unknown) => error)).toBeInstanceOf(DatabaseUnavailable)
  await expect(guard(async () => 'next', true)).rejects.toThrow('too many statements are waiting')
  endless.reject(wrong)
  await Promise.resolve()
  await Bun.sleep(0)
  expect(await guard(async () => 'next', true)).toBe('next')
})

test('once connections were replaced, reads are repeated on them, writes are given up, and none of the old takes a place', async () => {
  const told: (() => void)[] = []
  const { guard } = createGuard({ most: 3, deadline: 50, patience: 10, onSilence: (replaced) => told.push(replaced) })
  const ended = (statement: Promise<string>) => statement.catch((error: unknown) => String(error))
  const late = 'DatabaseUnavailable: no answer within 50 ms'
  expect(await ended(guard(endless, true))).toBe(late)
  expect(told).toHaveLength(1)

  let runs = 0
  const old = Promise.withResolvers<string>()
  const renewed = Promise.withResolvers<string>()
  const read = ended(guard(() => (runs++ === 0 ? old.promise : renewed.promise), true))
  const write = ended(guard(endless, false))
  await expect(guard(endless, true)).rejects.toThrow('too many statements are waiting')
  told[0]?.()
  old.reject(lost)
  await Bun.sleep(0)
  renewed.resolve('read')
  expect(await read).toBe('read')
  expect(await write).toBe('DatabaseUnavailable: its connection was replaced')
  const answers = ['a', 'b', 'c'].map((text) => guard(async () => text, true))
  expect(await Promise.all(answers)).toEqual(['a', 'b', 'c'])
  expect(told).toHaveLength(1)
})

test('a slow statement among answered ones is no silence', async () => {
  let told = 0
  const onSilence = () => void told++
  const { guard } = createGuard({ most: 3, deadline: 50, patience: 10, onSilence })
  const slow = guard(endless, true).catch((error: unknown) => String(error))
  await guard(async () => 'quick', true)
  expect(await slow).toBe('DatabaseUnavailable: no answer within 50 ms')
  expect(told).toBe(0)
})
