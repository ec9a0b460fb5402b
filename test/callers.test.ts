import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Caller, Callers } from '../src/database/callers.ts'

test('those who wait are there in the order in which they came, whoever leaves, and however often', () => {
  const steps = fc.array(fc.oneof(fc.constant('come' as const), fc.nat(10)), { maxLength: 100, size: 'max' })
  fc.assert(
    fc.property(steps, (taken) => {
      const waiting = new Callers()
      const all: Caller[] = []
      let expected: Caller[] = []
      for (const step of taken) {
        if (step === 'come') {
          const caller = new Caller(all.length, () => {})
          all.push(caller)
          expected.push(caller)
          waiting.add(caller)
        } else {
          const leaving = all[step]
          if (!leaving) continue
          expected = expected.filter((caller) => caller !== leaving)
          waiting.remove(leaving)
        }
        expect([...waiting].map(({ began }) => began)).toEqual(expected.map(({ began }) => began))
      }
      for (const caller of waiting) waiting.remove(caller)
      expect([...waiting]).toEqual([])
    })
  )
})
