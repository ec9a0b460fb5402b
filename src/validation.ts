import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { ValueErrorIterator } from '@sinclair/typebox/errors'
import { type Fault, validationFailed } from './problem.ts'
import { textFaults } from './text.ts'

const article: Record<string, string> = { object: 'an object', boolean: 'a boolean' }

/**
 * Compiles a t-schema, once.
 *
 * @param place where the values come from, the first of every fault's `loc`
 * @returns what lets a value of the schema through, and throws `validation_failed` with every fault of any other
 */
export function createValidator<Schema extends TSchema>(schema: Schema, place: string) {
  const compiled = TypeCompiler.Compile(schema)
  return (value: unknown): Static<Schema> => {
    if (compiled.Check(value)) return value
    throw validationFailed(faultsOf(compiled.Errors(value), place))
  }
}

function faultsOf(errors: ValueErrorIterator, place: string): Fault[] {
  const faults = new Map<string, Fault[]>()
  for (const { path, schema, value } of errors) {
    const loc = [place, ...path.split('/').slice(1)]
    // Under its path, for an absent property is found twice: as absent, and as of the wrong type.
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
