import { expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { openApiDocument } from '../src/openapi.ts'
import { secret } from './support/tokens.ts'

type Operation = { operationId: string; security?: unknown; responses: Record<string, unknown> }
type Document = {
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, unknown>>
}

const identity = { source: { secret: new TextEncoder().encode(secret) }, issuer: null, audience: null }
const text = { on: await openApiDocument(identity), off: await openApiDocument(null) }
const document: { on: Document; off: Document } = { on: JSON.parse(text.on), off: JSON.parse(text.off) }
const operationsIn = ({ paths }: Document) => Object.values(paths).flatMap((methods) => Object.values(methods))

test('with identity on the document asks for a token on every operation, and says what comes without', async () => {
  expect(document.on.components['securitySchemes']).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } })
  const operations = operationsIn(document.on)
  expect(operations).toHaveLength(6)
  for (const { security, responses } of operations) {
    expect(security).toEqual([{ bearer: [] }])
    expect(responses['401']).toEqual({ $ref: '#/components/responses/Unauthenticated' })
    expect(responses['404']).toEqual({ $ref: '#/components/responses/TaskNotFound' })
  }
  expect(await new Validator().validate(document.on)).toMatchObject({ valid: true })
})

test('with identity off it says nothing of tokens', () => {
  expect(operationsIn(document.off)).toHaveLength(6)
  for (const operation of operationsIn(document.off)) {
    expect(operation).not.toHaveProperty('security')
    expect(operation.responses).not.toHaveProperty('401')
  }
  expect(text.off).not.toMatch(/securitySchemes|WWW-Authenticate|"Unauthenticated"/)
})
