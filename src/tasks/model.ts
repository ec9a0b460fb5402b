import { type Static, t } from 'elysia'
import { widths } from '../database/schema.ts'
import { nullableText, text } from '../text.ts'

/** The most tasks that one list holds. */
export const listLimit = 1000

/** Whose task it is. Neither a control character, nor U+FFFD, which is what bytes that are not UTF-8 decode to. */
export const UserId = text({
  minLength: 1,
  maxLength: widths.user_id,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\ufffd]*$',
  mismatch: 'must not contain a control character or U+FFFD',
  description: 'The user whose tasks they are',
  examples: ['ada']
})

const Title = text({
  minLength: 1,
  maxLength: widths.title,
  pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$',
  mismatch: 'must not be blank',
  description: 'What is to be done. White space around it is not stored.',
  examples: ['Write the report']
})

const Description = nullableText({
  maxLength: widths.description,
  pattern: '^[^\\u0000]*$',
  mismatch: 'must not contain U+0000',
  description: 'More about it, kept as sent',
  examples: ['Two pages, by Friday']
})

const Completed = t.Boolean({ description: 'Whether it is done', examples: [true] })

const timestamp = (description: string) =>
  t.String({
    format: 'date-time',
    maxLength: 27,
    pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$',
    description,
    examples: ['2026-02-06T10:30:00.000000Z']
  })

/** A canonical UUID (RFC 9562 §4), the only form of a task's id. */
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const TaskId = t.String({
  format: 'uuid',
  maxLength: 36,
  description: "The task's id",
  examples: ['019c32d4-9f40-7000-8000-3f1d2c4b5a69']
})

export const Task = t.Object(
  {
    id: TaskId,
    user_id: UserId,
    title: Title,
    description: Description,
    completed: Completed,
    created_at: timestamp('When it was created'),
    updated_at: timestamp('When it last changed: later after every change')
  },
  { additionalProperties: false, description: 'A task' }
)
export type Task = Static<typeof Task>

export const TaskList = t.Array(Task, { maxItems: listLimit, description: 'Tasks, newest first' })

/** A client may send back what it read: what is unknown or read-only is ignored. */
const open = { additionalProperties: true }

export const TaskDraft = t.Object(
  { title: Title, description: t.Optional(Description) },
  {
    ...open,
    description: 'A task to be. What else it has is ignored, read-only properties too.',
    examples: [{ title: 'Write the report', description: 'Two pages, by Friday' }]
  }
)
export type TaskDraft = Static<typeof TaskDraft>

export const TaskChange = t.Object(
  { title: t.Optional(Title), description: t.Optional(Description), completed: t.Optional(Completed) },
  {
    ...open,
    // Without the type, generators of clients take these for other shapes of the body, of which nothing is known.
    anyOf: ['title', 'description', 'completed'].map((name) => ({ type: 'object', properties: {}, required: [name] })),
    description: 'What to change, one property at least. What else it has is ignored, read-only properties too.',
    examples: [{ completed: true }]
  }
)
export type TaskChange = Static<typeof TaskChange>

export const Deleted = t.Object(
  { message: t.Literal('Task deleted successfully') },
  { additionalProperties: false, description: 'The task is gone' }
)
