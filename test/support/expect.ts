import { expect } from 'bun:test'
import { TypeCompiler } from 'elysia/type-system'
import { type ProblemCode, ProblemDocument } from '../../src/problem.ts'
import { Task } from '../../src/tasks/model.ts'
import type { Answer } from './service.ts'

const taskShape = TypeCompiler.Compile(Task)
const problemShape = TypeCompiler.Compile(ProblemDocument)

/** Expects a task, with all its properties and no others. */
export function taskIn({ status, body, text }: Answer, expected: 200 | 201 = 200): Task {
  expect(status, text).toBe(expected)
  return asTask(body)
}

/** Expects a list of tasks. */
export function tasksIn({ status, body, text }: Answer): Task[] {
  expect(status, text).toBe(200)
  if (!Array.isArray(body)) throw new Error(`no list: ${text}`)
  return body.map(asTask)
}

function asTask(value: unknown): Task {
  expect([...taskShape.Errors(value)].map(({ path, message }) => `${path} ${message}`)).toEqual([])
  if (!taskShape.Check(value)) throw new Error('no task')
  return value
}

/** What no answer may show: statements, stacks, files, connection strings. */
const internals =
  /\b(select|insert|update|delete)\b.*\b(from|into|set|where)\b|\bat .*:\d+:\d+|\.ts\b|\/src\/|node_modules|postgres:|pglite|failed query|params:/i

/** Expects a problem document that shows nothing internal. */
export function problemIn(answer: Answer, status: number, code: ProblemCode): ProblemDocument {
  const { body, text, headers } = answer
  expect({ status: answer.status, type: headers.get('content-type') }, text).toEqual({
    status,
    type: 'application/problem+json'
  })
  if (!problemShape.Check(body)) throw new Error(`no problem document: ${text}`)
  expect(body).toMatchObject({ type: 'about:blank', status, code })
  expect('errors' in body, text).toBe(code === 'validation_failed')
  expect(text).not.toMatch(internals)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('x-request-id')).toBeTruthy()
  return body
}

/** Expects one fault at each of the places, such as `body.title: string_too_long`. */
export function faultsIn(answer: Answer): string[] {
  const { errors = [] } = problemIn(answer, 400, 'validation_failed')
  return errors.map(({ loc, type }) => `${loc.join('.')}: ${type}`)
}
