import { expect } from 'bun:test'
import Ajv2020 from 'ajv/dist/2020'
import addFormats from 'ajv-formats'
import type { Answer } from '../support/service.ts'
import type { Operation, Schema } from './document.ts'

/** Checks values and answers against the schemas of a document (JSON Schema 2020-12). */
export function checker() {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false })
  addFormats(ajv)

  function expectValid(schema: Schema, value: unknown): void {
    expect(ajv.validate(schema, value) ? [] : ajv.errors, JSON.stringify(value)).toEqual([])
  }

  return {
    isValid: (schema: Schema, value: unknown): boolean => ajv.validate(schema, value),

    /** Expects an answer that the operation declares: its status, media type, headers and body. */
    declared({ responses }: Operation, answer: Answer): void {
      const { status, headers, body, text } = answer
      expect(status, text).toBeLessThan(500)
      expect(Object.keys(responses), text).toContain(String(status))
      const { content = {}, headers: declared = {} } = responses[status] ?? {}
      const type = mediaTypeOf(answer)
      if (Object.keys(content).length === 0) expect(text).toBe('')
      else expect(Object.keys(content)).toContain(type)
      expectValid(content[type]?.schema ?? {}, body)
      for (const [name, { required, schema }] of Object.entries(declared)) {
        const value = headers.get(name)
        if (required) expect(value, name).not.toBeNull()
        if (value !== null) expectValid(schema, schema.type === 'integer' ? Number(value) : value)
      }
    },

    /** Expects a problem document, as the operation's other problems have it. */
    problem({ responses }: Operation, answer: Answer): void {
      const type = 'application/problem+json'
      expect(mediaTypeOf(answer), answer.text).toBe(type)
      const [problem] = responses[400]?.content?.[type]?.schema.allOf ?? []
      expectValid(problem ?? {}, answer.body)
    }
  }
}

const mediaTypeOf = ({ headers }: Answer) => headers.get('content-type')?.split(';', 1)[0] ?? ''
