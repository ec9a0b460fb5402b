import fc, { type Arbitrary } from 'fast-check'
import type { Schema } from './document.ts'

/** Values that break one rule of a schema, and which. */
export type Breaking = { rule: string; values: Arbitrary<unknown> }

const codePoints = (value: string) => Array.from(value).length

/** Characters at which implementations part: blank ones, control characters, astral ones, combining ones. */
const odd = fc.constantFrom(
  ...' \t\n\r\u00a0\u2028\u3000\ufeff\u0000\u0001\u001f\u007f\u0085\ufffd\u0301é😀/?#%\\"\'.;+',
  'a'
)
const unit = fc.oneof({ weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) }, odd)

const typesOf = ({ type }: Schema) => (type === undefined ? [] : Array.isArray(type) ? type : [type])

const ofType: Record<string, Arbitrary<unknown>> = {
  null: fc.constant(null),
  boolean: fc.boolean(),
  integer: fc.integer(),
  number: fc.double({ noInteger: true, noNaN: true, noDefaultInfinity: true }),
  string: fc.string({ maxLength: 5 }),
  array: fc.array(fc.string(), { maxLength: 2 }),
  object: fc.dictionary(fc.string({ maxLength: 3 }), fc.integer(), { maxKeys: 2 })
}

/** @returns values that a schema allows */
export function allowed(schema: Schema): Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  return fc.oneof(...typesOf(schema).map((type) => allowedOf(type, schema)))
}

function allowedOf(type: string, schema: Schema): Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return allowedString(schema)
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000 })
    case 'object':
      return allowedObject(schema)
    default:
      return ofType[type] ?? fc.anything()
  }
}

function allowedString(schema: Schema): Arbitrary<string> {
  if (schema.format === 'uuid') return fc.uuid()
  const { minLength = 0, maxLength = 50, pattern } = schema
  const length = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: minLength, max: Math.min(maxLength, minLength + 20) }) },
    { weight: 1, arbitrary: fc.constant(maxLength) }
  )
  if (pattern && !new RegExp(pattern, 'u').test('a'.repeat(Math.max(minLength, 1)))) {
    return fc.stringMatching(new RegExp(pattern, 'u')).filter((value) => matches(schema, value))
  }
  // Characters that the pattern takes behind another: a long text of any characters would nearly never match.
  const fitting = unit.filter((character) => !pattern || new RegExp(pattern, 'u').test(`a${character}`))
  // Characters of one UTF-16 unit each as well, where lengths in units and in code points are the same.
  return fc
    .tuple(length, fc.constantFrom(fitting, fitting, fc.constant('a')))
    .chain(([size, character]) => fc.array(character, { minLength: size, maxLength: size, size: 'max' }))
    .map((units) => units.join(''))
    .filter((value) => matches(schema, value))
}

/** Some of the optional properties, and some that the schema does not name. */
function allowedObject({
  properties = {},
  required = [],
  additionalProperties,
  anyOf = []
}: Schema): Arbitrary<object> {
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, allowed(property)])),
    { requiredKeys: required }
  )
  const unknown =
    additionalProperties === false
      ? fc.constant({})
      : fc.dictionary(unknownName(properties), fc.jsonValue(), { maxKeys: 3 })
  return fc
    .tuple(unknown, known)
    .map(([more, value]) => ({ ...more, ...value }))
    .filter(
      (value) => anyOf.length === 0 || anyOf.some((choice) => (choice.required ?? []).every((name) => name in value))
    )
}

const unknownName = (properties: Record<string, Schema>) =>
  fc
    .oneof(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.constantFrom('id', 'user_id', 'created_at', 'updated_at', 'completed', 'constructor', 'toString')
    )
    .filter((name) => name !== '__proto__' && !Object.hasOwn(properties, name))

function matches({ pattern, minLength = 0, maxLength = Infinity }: Schema, value: string): boolean {
  const length = codePoints(value)
  return length >= minLength && length <= maxLength && (!pattern || new RegExp(pattern, 'u').test(value))
}

/** @returns for each rule of a schema the values that break it, and no other rule where that is possible */
export function breaking(schema: Schema): Breaking[] {
  const types = typesOf(schema)
  const wrong = Object.keys(ofType).filter(
    (type) => !types.includes(type) && !(type === 'integer' && types.includes('number'))
  )
  return [
    ...wrong.map((type) => ({
      rule: type === 'null' ? 'null' : `type ${type}`,
      values: ofType[type] ?? fc.anything()
    })),
    ...(types.includes('string') ? breakingString(schema) : []),
    ...(types.includes('integer') ? breakingInteger(schema) : []),
    ...(types.includes('object') ? breakingObject(schema) : [])
  ]
}

/** The rules that text can break, in a body as in a parameter. */
export function breakingString(schema: Schema): Breaking[] {
  const { minLength = 0, maxLength, pattern, format, enum: values } = schema
  const rules: Breaking[] = []
  if (values) rules.push({ rule: 'enum', values: fc.string().filter((value) => !values.includes(value)) })
  if (format === 'uuid') {
    const altered = fc
      .uuid()
      .chain((id) => fc.constantFrom(`urn:uuid:${id}`, `{${id}}`, id.slice(1), `${id}0`, id.replaceAll('-', '')))
    rules.push({ rule: 'format', values: fc.oneof(altered, fc.string({ unit, minLength: 1, maxLength: 40 })) })
  }
  if (minLength > 0) rules.push({ rule: 'minLength', values: fc.constant('') })
  const ofAnyLength = !pattern || new RegExp(pattern, 'u').test('a'.repeat((maxLength ?? 0) + 1))
  if (maxLength !== undefined && format !== 'uuid' && ofAnyLength) {
    const tooLong = allowedString({ ...schema, minLength: maxLength + 1, maxLength: maxLength + 1 })
    rules.push({ rule: 'maxLength', values: tooLong })
  }
  if (pattern) {
    const matcher = new RegExp(pattern, 'u')
    const values = fc
      .string({ unit: odd, minLength: Math.max(minLength, 1), maxLength: Math.min(maxLength ?? 20, 20) })
      .filter((value) => !matcher.test(value))
    rules.push({ rule: 'pattern', values })
  }
  return rules
}

function breakingInteger({ minimum, maximum }: Schema): Breaking[] {
  return [
    ...(minimum === undefined ? [] : [{ rule: 'minimum', values: fc.integer({ max: minimum - 1 }) }]),
    ...(maximum === undefined ? [] : [{ rule: 'maximum', values: fc.integer({ min: maximum + 1 }) }])
  ]
}

function breakingObject(schema: Schema): Breaking[] {
  const { properties = {}, required = [], anyOf = [] } = schema
  const whole = allowedObject(schema)
  const without = (names: string[]) =>
    whole.map((value) => Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))))
  return [
    ...required.map((name) => ({ rule: `required ${name}`, values: without([name]) })),
    ...(anyOf.length > 0 ? [{ rule: 'anyOf', values: without(anyOf.flatMap(({ required = [] }) => required)) }] : []),
    ...Object.entries(properties).flatMap(([name, property]) =>
      [...breaking(property), ...unicodeFaults(property)].map(({ rule, values }) => ({
        rule: `${name}: ${rule}`,
        values: fc.tuple(whole, values).map(([value, bad]) => ({ ...value, [name]: bad }))
      }))
    )
  ]
}

/** I-JSON (RFC 7493 §2.1) has no lone surrogates, though a schema can't say so. */
function unicodeFaults(schema: Schema): Breaking[] {
  if (!typesOf(schema).includes('string')) return []
  const half = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code))
  return [
    {
      rule: 'lone surrogate',
      values: fc.tuple(fc.constantFrom('', 'a'), half).map(([before, bad]) => `${before}${bad} b`)
    }
  ]
}
