/** A JSON Schema, as far as this document uses it. */
export type Schema = {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  default?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean
  anyOf?: Schema[]
  allOf?: Schema[]
}

export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema }

export type Declared = {
  headers?: Record<string, { required?: boolean; schema: Schema }>
  content?: Record<string, { schema: Schema }>
  links?: Record<string, { operationId: string; parameters: Record<string, string> }>
}

export type Operation = {
  operationId: string
  method: string
  /** With `{name}` for each path parameter. */
  path: string
  parameters: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, Declared>
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * Reads an OpenAPI document as a stranger's tool does, with every reference replaced by what it refers to.
 *
 * @param document the parsed document
 * @returns its operations
 */
export function operationsIn(document: Json): Operation[] {
  const root = document

  function resolve(value: Json): Json {
    if (Array.isArray(value)) return value.map(resolve)
    if (value === null || typeof value !== 'object') return value
    const { $ref } = value
    if (typeof $ref === 'string') return resolve(at(root, $ref))
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, resolve(child)]))
  }

  // Whether it really has these shapes is what the validators of the document check.
  const { paths }: { paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>> } = JSON.parse(
    JSON.stringify(resolve(document))
  )
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path }))
  )
}

/** Follows a JSON Pointer (RFC 6901) from the root of a document. */
function at(root: Json, reference: string): Json {
  let value: Json | undefined = root
  for (const token of reference.replace(/^#\//, '').split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    value = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined
  }
  if (value === undefined) throw new Error(`${reference} refers to nothing`)
  return value
}
