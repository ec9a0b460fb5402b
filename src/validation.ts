import type { TSchema, ValidationError } from 'elysia'
import type { Fault } from './problem.ts'
import { textFaults } from './text.ts'

/** What Elysia calls the parts of a request, and what `loc` does. */
const places: Record<string, string> = { params: 'path', query: 'query', headers: 'header', body: 'body' }

const article: Record<string, string> = { object: 'an object', boolean: 'a boolean' }

/**
 * @returns every fault of the request, in words of ours: Elysia's have the schema and the received values in them.
 *   Undefined where it isn't the request that is at fault
 */
export function faultsOf(error: ValidationError): Fault[] | undefined {
  const place = places[error.type]
  if (place === undefined) return undefined
  const faults = new Map<string, Fault[]>()
  for (const found of error.all) {
    if (!('path' in found) || !('schema' in found)) continue
    const { path, schema, value } = found
    // An absent property is found twice: first as absent, then as of the wrong type.
    if (faults.has(path)) continue
    const loc = [place, ...path.split('/').slice(1)]
    faults.set(
      path,
      faultsAt(schema, value).map((fault) => ({ loc, ...fault }))
    )
  }
  return [...faults.values()].flat()
}

function faultsAt(schema: TSchema, value: unknown): Pick<Fault, 'msg' | 'type'>[] {
  if (value === undefined) return [{ msg: 'is required', type: 'missing' }]
  const type = String(schema['type'])
  return textFaults(schema, value) ?? [{ msg: `must be ${article[type] ?? `a ${type}`}`, type: `${type}_type` }]
}
