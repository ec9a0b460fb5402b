import fc, { type Arbitrary } from 'fast-check'
import type { Call } from '../support/service.ts'
import type { Operation, Parameter } from './document.ts'
import { allowed, type Breaking, breaking, breakingString } from './generate.ts'

/** Text that goes into an address as it is, percent signs and all. */
export class Raw {
  constructor(readonly text: string) {}
}

/** Values of a parameter that is sent several times. */
export class Repeated {
  constructor(readonly values: unknown[]) {}
}

/** What is sent beside the parameters that say which resource it is about. */
export type Sent = { parameters: Record<string, unknown>; body?: { value: unknown } | { bytes: string; type: string } }

/** A way to call an operation that the document allows, or that breaks the one rule it is named for. */
export type Case = { rule: string; accepted: boolean; sent: Arbitrary<Sent> }

const foreignTypes = [
  'text/plain',
  'application/xml',
  'application/x-www-form-urlencoded',
  'application/jsonp',
  'json',
  '*/*'
]
const brokenEncodings = ['%', '%z', '%zz', '%FF', 'a%C3', '%C0%AF', '%ED%A0%80', '%F4%90%80%80'].map(
  (text) => new Raw(text)
)
const brokenJson = [
  '{',
  '{"a":1,}',
  "{'a':1}",
  '[1',
  'nul',
  '{"a":"\t"}',
  '{"a":1}}',
  ' ',
  '\ufffe{}',
  'undefined',
  '{"a":01}'
]

/**
 * @param operation any of the document's
 * @param given the names of the parameters that say which resource it is about: they come from elsewhere
 * @returns every way to call it that is worth trying
 */
export function casesOf(operation: Operation, given: string[]): Case[] {
  const optional = operation.parameters.filter(
    ({ name, schema }) => !given.includes(name) && !isPrecondition(name) && schema.format !== 'opaque'
  )
  const parameters = fc.record(Object.fromEntries(optional.map(({ name, schema }) => [name, allowed(schema)])), {
    requiredKeys: optional.filter(({ required }) => required).map(({ name }) => name)
  })
  const body = operation.requestBody?.content['application/json']?.schema
  const whole: Arbitrary<Sent> = body
    ? fc.record({ parameters, body: allowed(body).map((value) => ({ value })) })
    : fc.record({ parameters })
  const altered = (alter: (sent: Sent, value: unknown) => Sent, { rule, values }: Breaking): Case => ({
    rule,
    accepted: false,
    sent: fc.tuple(whole, values).map(([sent, value]) => alter(sent, value))
  })

  const inParameters = operation.parameters.flatMap((parameter) =>
    breakingParameter(parameter).map((broken) =>
      altered(
        ({ parameters, ...sent }, value) => ({ ...sent, parameters: { ...parameters, [parameter.name]: value } }),
        broken
      )
    )
  )
  const inBody = !body
    ? []
    : [
        ...breaking(body).map((broken) => altered((sent, value) => ({ ...sent, body: { value } }), broken)),
        altered(({ parameters }) => ({ parameters }), { rule: 'no body', values: fc.constant(undefined) }),
        altered((sent, bytes) => ({ ...sent, body: { bytes: String(bytes), type: 'application/json' } }), {
          rule: 'no JSON',
          values: fc.constantFrom(...brokenJson)
        }),
        altered(
          ({ body: sentBody, ...sent }, type) => ({
            ...sent,
            body: { bytes: JSON.stringify(sentBody && 'value' in sentBody ? sentBody.value : {}), type: String(type) }
          }),
          { rule: 'undeclared media type', values: fc.constantFrom(...foreignTypes) }
        )
      ]
  return [{ rule: 'allowed', accepted: true, sent: whole }, ...inParameters, ...inBody]
}

/** Whether a request with one is accepted depends on what is there, not on the document (RFC 9110 §13.1). */
const isPrecondition = (name: string) => /^If-/i.test(name)

/** A header has visible characters, in between spaces, of one byte each (RFC 9110 §5.5). */
const isFieldValue = (value: unknown) =>
  /^[!-~\u00a0-\u00ff]([ -~\u00a0-\u00ff]*[!-~\u00a0-\u00ff])?$/.test(String(value))

/** Clients resolve `.` and `..` before they send a path (RFC 3986 §5.2.4), encoded or not. */
const isNoDotSegment = (value: unknown) => value !== '.' && value !== '..'

function breakingParameter({ in: place, schema }: Parameter): Breaking[] {
  const inPath = place === 'path'
  if (place === 'header') {
    return breakingText(schema).map(({ rule, values }) => ({ rule, values: values.filter(isFieldValue) }))
  }
  const rules = breakingText(schema)
    // An empty path parameter makes another address, and one that is left out of a query another request.
    .filter(({ rule }) => !(inPath && rule === 'minLength'))
    .map(({ rule, values }) => ({ rule, values: inPath ? values.filter(isNoDotSegment) : values }))
  const encoding = { rule: 'percent-encoding', values: fc.constantFrom(...brokenEncodings) }
  const twice = {
    rule: 'repeated',
    values: fc.tuple(allowed(schema), allowed(schema)).map((values) => new Repeated(values))
  }
  return [...rules, ...(inPath ? [encoding] : []), ...(place === 'query' ? [twice] : [])]
}

/** Every parameter is sent as text, so that a type is broken by text which isn't how one of its values is written. */
function breakingText(schema: Parameter['schema']): Breaking[] {
  if (schema.type === 'integer') {
    const texts = ['', ' ', '1.5', '1e2', '0x10', '+1', ' 1', '1 ', 'one', 'null', 'true', '٣', '1_000', '01x', '-']
    return [
      { rule: 'type integer', values: fc.constantFrom(...texts) },
      ...breaking(schema).filter(({ rule }) => rule === 'minimum' || rule === 'maximum')
    ]
  }
  if (schema.type === 'boolean') {
    return [{ rule: 'type boolean', values: fc.constantFrom('', ' ', 'TRUE', 'yes', '1', '0', 'null', 'true ') }]
  }
  return breakingString(schema)
}

/** The address of a request: path parameters in their places, the others in the query. */
export function addressOf({ path, parameters }: Operation, { parameters: values }: Sent): string {
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encode(values[name]))
  const query = parameters
    .filter(({ name, in: place }) => place === 'query' && values[name] !== undefined)
    .flatMap(({ name }) => allOf(values[name]).map((value) => `${encode(name)}=${encode(value)}`))
  return query.length > 0 ? `${address}?${query.join('&')}` : address
}

/** The headers and the body of a request. */
export function contentOf(
  { parameters }: Operation,
  { parameters: values, body }: Sent
): NonNullable<Parameters<Call>[2]> {
  const sent = parameters.filter(({ name, in: place }) => place === 'header' && values[name] !== undefined)
  const headers = Object.fromEntries(sent.map(({ name }) => [name, String(values[name])]))
  if (body === undefined) return { headers }
  return 'value' in body
    ? { headers, json: body.value }
    : { headers: { ...headers, 'content-type': body.type }, body: body.bytes }
}

const allOf = (value: unknown) => (value instanceof Repeated ? value.values : [value])

const encode = (value: unknown) => (value instanceof Raw ? value.text : encodeURIComponent(String(value)))
