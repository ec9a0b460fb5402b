import type { TSchema } from 'elysia'
import { TypeSystem } from 'elysia/type-system'
import type { Fault } from './problem.ts'

type TextFault = Pick<Fault, 'msg' | 'type'>

const faultsOf = Symbol('faultsOf')
type Checked = { [faultsOf]: (value: unknown) => TextFault[]; [keyword: string]: unknown }

type TextRules = {
  minLength?: number
  /** In characters: Unicode code points, as JSON Schema and PostgreSQL count them, not UTF-16 units. */
  maxLength: number
  /** A regular expression that every value matches, and what to tell somebody whose value doesn't. */
  pattern: string
  mismatch: string
  description: string
  examples: readonly string[]
}

const isFaultless = (schema: Checked, value: unknown) => schema[faultsOf](value).length === 0
const Text = TypeSystem.Type<string, Checked>('Text', isFaultless)
const NullableText = TypeSystem.Type<string | null, Checked>('NullableText', isFaultless)

/**
 * A t-schema for text that PostgreSQL stores just as it is: lengths count code points, and U+0000 and lone surrogates are
 * refused (JSON Schema 2020-12 Validation §6.3, https://www.postgresql.org/docs/18/datatype-character.html).
 */
export function text({ mismatch, ...schema }: TextRules) {
  const check = checkOf({ mismatch, ...schema })
  const faults = (value: unknown) => (typeof value === 'string' ? check(value) : [stringType('a string')])
  return Text({ type: 'string', ...schema, [faultsOf]: faults })
}

/** The same, where null is a value too. */
export function nullableText({ mismatch, ...schema }: TextRules) {
  const check = checkOf({ mismatch, ...schema })
  const faults = (value: unknown) =>
    value === null ? [] : typeof value === 'string' ? check(value) : [stringType('a string or null')]
  return NullableText({ type: ['string', 'null'], ...schema, [faultsOf]: faults })
}

/**
 * @param schema any t-schema
 * @returns every fault of the value, or undefined where the schema was not made by {@link text}
 */
export function textFaults(schema: TSchema, value: unknown): TextFault[] | undefined {
  return isChecked(schema) ? schema[faultsOf](value) : undefined
}

const isChecked = (schema: object): schema is Checked => faultsOf in schema

const stringType = (what: string): TextFault => ({ msg: `must be ${what}`, type: 'string_type' })

function checkOf({ minLength = 0, maxLength, pattern, mismatch }: Omit<TextRules, 'description' | 'examples'>) {
  const matcher = new RegExp(pattern, 'u')
  return (value: string): TextFault[] => {
    if (!value.isWellFormed() || value.includes('\0')) {
      return [{ msg: 'must not contain U+0000 or a lone surrogate', type: 'string_unicode' }]
    }
    if (value.length < minLength)
      return [{ msg: `must be at least ${characters(minLength)}`, type: 'string_too_short' }]
    const faults: TextFault[] = []
    if (isLongerThan(maxLength, value)) {
      faults.push({ msg: `must be at most ${characters(maxLength)}`, type: 'string_too_long' })
    }
    if (!matcher.test(value)) faults.push({ msg: mismatch, type: 'string_pattern_mismatch' })
    return faults
  }
}

const characters = (count: number) => `${count} ${count === 1 ? 'character' : 'characters'}`

function isLongerThan(maxLength: number, value: string): boolean {
  // A code point takes one UTF-16 unit or two, so most values need no counting.
  if (value.length <= maxLength) return false
  if (value.length > 2 * maxLength) return true
  return [...value].length > maxLength
}
