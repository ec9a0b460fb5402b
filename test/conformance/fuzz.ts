/**
 * Holds the service to its OpenAPI document for as long as asked.
 *
 * Usage: bun run fuzz [--cases N] [--seed N]
 *   --cases  how many an operation, 1,000 without it
 *   --seed   one that an earlier run has printed, to do the same again
 */
import { parseArgs } from 'node:util'
import { openApiDocument } from '../../src/openapi.ts'
import { start } from '../support/service.ts'
import { identityConfig } from '../support/tokens.ts'
import { operationsIn } from './document.ts'
import { conformance, randomSeed } from './suite.ts'

const { values } = parseArgs({ options: { cases: { type: 'string' }, seed: { type: 'string' } } })
const cases = Number(values.cases ?? 1000)
const seed = Number(values.seed ?? randomSeed())
console.log(`--cases ${cases} --seed ${seed}`)

const operations = operationsIn(JSON.parse(await openApiDocument(identityConfig)))
const service = await start({ DATABASE_URL: 'pglite:memory', LOG_LEVEL: 'silent' })
const { run, tally } = conformance(operations, service.call)
for (const operation of operations) await run(operation, { cases, seed })

let requests = 0
for (const [operation, counts] of Object.entries(tally)) {
  console.log(`\n${operation}`)
  for (const [what, count] of Object.entries(counts)) console.log(`${String(count).padStart(9)}  ${what}`)
  requests += counts['requests'] ?? 0
}
console.log(`\n${requests} requests, no violation`)
await service.stop()
