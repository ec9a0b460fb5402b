import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { openApiDocument } from '../src/openapi.ts'
import { operationsIn } from './conformance/document.ts'
import { conformance, randomSeed } from './conformance/suite.ts'
import { start, type TestService } from './support/service.ts'
import { identityConfig, identityIsOn } from './support/tokens.ts'

const document = await openApiDocument(identityConfig)
const operations = operationsIn(JSON.parse(document))

let service: TestService
beforeAll(async () => {
  service = await start({ DATABASE_URL: 'pglite:memory' })
})
afterAll(() => service.stop())

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  expect(await validator.validate(JSON.parse(document))).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

test('the printed document is the one that is served', async () => {
  if (!identityIsOn) expect(await Bun.file(`${import.meta.dir}/../openapi.json`).text()).toBe(document)
  expect((await service.call('GET', '/openapi.json')).body).toEqual(JSON.parse(document))
})

describe('the service does what the document says', () => {
  for (const operation of operations) {
    test(operation.operationId, async () => {
      const { run, tally } = conformance(operations, service.call)
      await run(operation, { cases: 200, seed: randomSeed() })
      expect(tally[operation.operationId]?.['requests']).toBeGreaterThanOrEqual(200)
    })
  }
})
