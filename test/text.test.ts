import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { text, textFaults } from '../src/text.ts'

const schema = text({
  minLength: 1,
  maxLength: 10,
  pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$',
  mismatch: 'must not be blank',
  description: 'Some text',
  examples: ['x']
})
const types = (value: unknown) => textFaults(schema, value)?.map(({ type }) => type)

test('characters are code points, whatever they are', () => {
  const string = fc.string({ unit: 'binary', maxLength: 30 }).filter((value) => !value.includes('\0'))
  fc.assert(
    fc.property(string, (value) => {
      const count = Array.from(value).length
      const blank = value.trim() === ''
      const faults = [...(count > 10 ? ['string_too_long'] : []), ...(blank ? ['string_pattern_mismatch'] : [])]
      expect(types(value)).toEqual(count === 0 ? ['string_too_short'] : faults)
    }),
    { numRuns: 2000 }
  )
})

test('no text with U+0000 or half of a surrogate pair passes', () => {
  const part = fc.string({ unit: 'binary', maxLength: 3 })
  const poison = fc.oneof(
    fc.constant('\0'),
    fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit))
  )
  fc.assert(
    fc.property(part, poison, part, (before, bad, after) => {
      expect(types(before + bad + after)).toEqual(['string_unicode'])
    }),
    { numRuns: 2000 }
  )
})

test('nothing but a string passes', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      fc.pre(typeof value !== 'string')
      expect(types(value)).toEqual(['string_type'])
    })
  )
})
