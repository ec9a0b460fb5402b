import type { Operation, Parameter } from './document.ts'

/** Who is who in a document whose one resource is created by an operation with links to all that can be done with it. */
export type Roles = {
  creator: Operation
  lister: Operation
  reader: Operation
  /** The operations on one resource, the reader among them. */
  targets: Operation[]
  /** The parameter that a created resource shares with its creation. */
  owner: Parameter
  /** The parameter that takes a created resource's id, and how to find that in the answer. */
  reference: { name: string; in(created: unknown): unknown }
}

/** @throws where the document's links (OpenAPI 3.1 §4.8.20) do not tell */
export function rolesIn(operations: Operation[]): Roles {
  for (const creator of operations) {
    const links = Object.values(creator.responses).flatMap(({ links = {} }) => Object.values(links))
    const targets = operations.filter(({ operationId }) => links.some((link) => link.operationId === operationId))
    const lister = operations.find(({ method, path }) => method === 'GET' && path === creator.path)
    const reader = targets.find(({ method }) => method === 'GET')
    const expressions = Object.entries(links[0]?.parameters ?? {})
    const shared = expressions.find(([, expression]) => expression.startsWith('$request.path.'))?.[0]
    const owner = creator.parameters.find(({ name }) => name === shared)
    const [name, pointer] = expressions.find(([, expression]) => expression.startsWith('$response.body#/')) ?? []
    if (!lister || !reader || !owner || !name || !pointer) continue
    const property = pointer.replace('$response.body#/', '')
    const find = (created: unknown) =>
      typeof created === 'object' && created !== null ? Reflect.get(created, property) : undefined
    return { creator, lister, reader, targets, owner, reference: { name, in: find } }
  }
  throw new Error('no operation has links that tell what can be done with what it creates')
}
