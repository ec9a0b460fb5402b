import { expect } from 'bun:test'
import fc from 'fast-check'
import type { Answer, Call } from '../support/service.ts'
import { addressOf, type Case, casesOf, contentOf, type Sent } from './cases.ts'
import { checker } from './checker.ts'
import type { Operation } from './document.ts'
import { allowed } from './generate.ts'
import { rolesIn } from './roles.ts'

/** For each operation, how often it was called and what was checked how often. */
export type Tally = Record<string, Record<string, number>>

export type Conformance = {
  tally: Tally
  /** Runs as many cases, one at least of every kind that is worth trying, and rejects at the first violation. */
  run(operation: Operation, settings: { cases: number; seed: number }): Promise<void>
}

let owners = 0

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Holds a service to its OpenAPI document, knowing nothing else of it: what can be created, and what can be done with it,
 * is in the document's links.
 *
 * @param operations the document's
 * @param call sends to the service
 */
export function conformance(operations: Operation[], call: Call): Conformance {
  const { creator, lister, reader, targets, owner, reference } = rolesIn(operations)
  const check = checker()
  const tally: Tally = {}

  function count({ operationId }: Operation, what: string): void {
    const counts = tally[operationId] ?? {}
    counts[what] = (counts[what] ?? 0) + 1
    tally[operationId] = counts
  }

  async function send(operation: Operation, sent: Sent, method = operation.method): Promise<Answer> {
    count(operation, 'requests')
    return await call(method, addressOf(operation, sent), contentOf(operation, sent))
  }

  /** Sends, and expects an answer that is declared. */
  async function exchange(operation: Operation, sent: Sent): Promise<Answer> {
    const answer = await send(operation, sent)
    check.declared(operation, answer)
    count(operation, 'answered as declared')
    return answer
  }

  async function expectStatus(operation: Operation, sent: Sent, accepted: boolean): Promise<Answer> {
    const answer = await exchange(operation, sent)
    expect(answer.status < 400, `${operation.operationId} ${JSON.stringify(sent)} ${answer.text}`).toBe(accepted)
    return answer
  }

  /** An owner that is nobody else's, so that everything of theirs is known. */
  function newOwner(text: string): string {
    const characters = Array.from(`${owners++}-${text}`)
    return characters.slice(0, owner.schema.maxLength).join('')
  }

  async function expectList(of: unknown, expected: unknown[]): Promise<void> {
    expect((await exchange(lister, { parameters: { [owner.name]: of } })).body).toEqual(expected)
  }

  async function expectRead(parameters: Sent['parameters'], expected: unknown): Promise<void> {
    expect((await exchange(reader, { parameters })).body).toEqual(expected)
  }

  /** What was created is there at once, at its address and in the list. */
  async function expectCreated(of: unknown, { headers, body }: Answer): Promise<void> {
    expect((await call('GET', headers.get('location') ?? '')).body).toEqual(body)
    await expectList(of, [body])
    count(creator, 'found at its Location and in the list')
  }

  /** What the request's schema names is taken, and what it doesn't name does not show. */
  function expectTaken(operation: Operation, { body }: Sent, answered: unknown): void {
    const named = operation.requestBody?.content['application/json']?.schema.properties ?? {}
    const sent = body && 'value' in body ? body.value : {}
    for (const [name, value] of Object.entries(sent ?? {})) {
      const shown = propertyOf(answered, name)
      if (Object.hasOwn(named, name)) expect(trimmed(shown)).toEqual(trimmed(value))
      else if (typeof value !== 'boolean') expect(shown, name).not.toEqual(value)
    }
    count(operation, 'named properties taken, others ignored')
  }

  async function runCreation(sent: Sent, accepted: boolean): Promise<void> {
    const of = sent.parameters[owner.name]
    const answer = await expectStatus(creator, sent, accepted)
    if (accepted) {
      await expectCreated(of, answer)
      expectTaken(creator, sent, answer.body)
    } else if (check.isValid(owner.schema, of)) {
      await expectList(of, [])
      count(creator, 'nothing left behind by what was refused')
    }
  }

  /**
   * Where an operation takes preconditions (RFC 9110 §13.1), those that do not hold are seen to keep it from happening.
   *
   * @returns the one that holds
   */
  async function expectConditional(operation: Operation, sent: Sent, own: Sent['parameters'], tag: string | null) {
    if (!tag || !operation.parameters.some(({ name }) => name === 'If-Match')) return {}
    const given = (condition: Sent['parameters']) => ({
      ...sent,
      parameters: { ...own, ...sent.parameters, ...condition }
    })
    expect((await exchange(operation, given({ 'If-Match': '"stale"' }))).status).toBe(412)
    const unmet = operation.method === 'GET' ? 304 : 412
    expect((await exchange(operation, given({ 'If-None-Match': `"stale", W/${tag}` }))).status).toBe(unmet)
    count(operation, 'preconditions kept')
    return { 'If-Match': tag }
  }

  async function runOnTarget(operation: Operation, sent: Sent, accepted: boolean, draft: unknown): Promise<void> {
    const of = sent.parameters[owner.name]
    // Where the owner is what is wrong, the resource is somebody's all the same.
    const holder = check.isValid(owner.schema, of) ? of : newOwner('holder')
    const creation = { parameters: { [owner.name]: holder }, body: { value: draft } }
    const { body: created, headers } = await expectStatus(creator, creation, true)
    const own = { [owner.name]: holder, [reference.name]: reference.in(created) }
    const tag = accepted ? await expectConditional(operation, sent, own, headers.get('etag')) : {}

    // Somebody else gets what they would get for a resource that never was, and changes nothing.
    const foreign = { ...sent, parameters: { ...own, [owner.name]: newOwner('stranger') } }
    if (accepted) expect((await exchange(operation, foreign)).status).toBe(404)
    await expectRead(own, created)
    count(operation, "another's resource is not found")

    const parameters = { ...own, ...tag, ...sent.parameters }
    const answer = await expectStatus(operation, { ...sent, parameters }, accepted)
    if (!accepted || operation === reader) {
      await expectRead(own, created)
      await expectList(holder, [created])
      count(operation, accepted ? 'nothing changed by reading' : 'nothing changed by what was refused')
    } else if (operation.method === 'DELETE') {
      for (const target of targets) {
        const body = target.requestBody && { body: { value: draft } }
        await expectStatus(target, { parameters: own, ...body }, false)
      }
      await expectList(holder, [])
      count(operation, 'gone for every operation')
    } else {
      await expectRead(own, answer.body)
      await expectList(holder, [answer.body])
      expectTaken(operation, sent, answer.body)
    }
  }

  async function runHead(operation: Operation, sent: Sent): Promise<void> {
    const [full, head] = [await send(operation, sent), await send(operation, sent, 'HEAD')]
    expect([head.status, head.text]).toEqual([full.status, ''])
    expect(head.headers.get('content-length')).toBe(full.headers.get('content-length'))
    count(operation, 'HEAD is GET without a body')
  }

  /** Every method that the document does not declare is refused, and Allow has those that it does. */
  async function runMethods(operation: Operation, sent: Sent): Promise<void> {
    const declared = operations.filter(({ path }) => path === operation.path).map(({ method }) => method)
    const allow = declared.includes('GET') ? [...declared, 'HEAD'] : declared
    for (const method of methods.filter((method) => !allow.includes(method))) {
      const answer = await send(operation, sent, method)
      expect(answer.status, method).toBe(405)
      check.problem(operation, answer)
      expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual(allow.toSorted())
      count(operation, 'undeclared method refused, with a truthful Allow')
    }
  }

  async function runCase(operation: Operation, { accepted }: Case, sent: Sent, draft: unknown): Promise<void> {
    if (operation === creator) await runCreation(sent, accepted)
    else if (targets.includes(operation)) await runOnTarget(operation, sent, accepted, draft)
    else await expectStatus(operation, sent, accepted)
    if (!accepted) return
    const nowhere = { parameters: { [reference.name]: 'nowhere', ...sent.parameters } }
    await runMethods(operation, nowhere)
    if (operation.method === 'GET') await runHead(operation, nowhere)
  }

  return {
    tally,
    async run(operation, { cases, seed }) {
      const kinds = casesOf(operation, [owner.name, reference.name])
      const numRuns = Math.ceil(cases / kinds.length)
      const drafts = allowed(creator.requestBody?.content['application/json']?.schema ?? {})
      for (const each of kinds) {
        const property = fc.asyncProperty(each.sent, allowed(owner.schema), drafts, async (sent, text, draft) => {
          const parameters = { [owner.name]: newOwner(String(text)), ...sent.parameters }
          await runCase(operation, each, { ...sent, parameters }, draft)
          count(operation, each.accepted ? 'accepted: allowed' : `refused: ${each.rule}`)
        })
        await fc.assert(property, { numRuns, seed })
      }
    }
  }
}

/** @returns a seed, which fast-check shows where a property fails */
export const randomSeed = () => Math.floor(Math.random() * 2 ** 31)

const propertyOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

/** The document says of some text that white space around it is not stored. */
const trimmed = (value: unknown) => (typeof value === 'string' ? value.trim() : value)
