import { Elysia, type ElysiaCustomStatusResponse } from 'elysia'
import {
  type ProblemCode,
  type ProblemDocument,
  type ProblemStatus,
  taskNotFound,
  validationFailed
} from './problem.ts'
import { noteUser } from './request-log.ts'
import { UserId } from './tasks/model.ts'
import type { TasksOf, UserTasks } from './tasks/store.ts'
import { textFaults } from './text.ts'
import type { Verify } from './tokens.ts'

/**
 * The one place where it is decided whose tasks a request is about. Routes get `tasks`, which reaches that user's rows
 * and no others. It is a derive step since Elysia runs those before validation: who you are is settled before what you
 * sent is read.
 *
 * @param tasksOf the store
 * @param verify tells who sends a request, who can then touch nobody else's tasks; null where the path is trusted
 */
export function identity(tasksOf: TasksOf, verify: Verify | null) {
  // Elysia takes what ends in a call for asynchronous, and would wait for it.
  const trusting = ({ path, request }: Claim): Identified | Refused => {
    const user_id = userIdIn(path)
    const tasks = tasksOf(user_id)
    noteUser(request, user_id)
    return { user_id, tasks }
  }
  const verifying =
    (verify: Verify) =>
    async ({ path, request }: Claim): Promise<Identified | Refused> => {
      const subject = await verify(request.headers.get('authorization'))
      const user_id = userIdIn(path)
      // As for a task that never was: whether the user exists is not said either.
      if (user_id !== subject) throw taskNotFound()
      noteUser(request, user_id)
      return { user_id, tasks: tasksOf(user_id) }
    }
  return new Elysia({ name: 'identity' }).derive({ as: 'scoped' }, verify ? verifying(verify) : trusting)
}

type Claim = { path: string; request: Request }
type Identified = { user_id: string; tasks: UserTasks }

/** What Eden's clients can be answered instead. Nothing returns it: it is thrown, where types do not follow. */
type Refused = ElysiaCustomStatusResponse<ProblemStatus, ProblemDocument & { code: ProblemCode }>

/**
 * @param path a request's path, percent-encoded, `/api/{user_id}/…`
 * @returns the user id, decoded
 * @throws {Problem} `validation_failed` where it is no percent-encoded UTF-8 (RFC 3986 §2.5) or breaks a rule of user ids
 */
function userIdIn(path: string): string {
  const loc = ['path', 'user_id']
  const segment = path.split('/', 3)[2] ?? ''
  try {
    const user_id = decodeURIComponent(segment)
    const faults = textFaults(UserId, user_id) ?? []
    if (faults.length > 0) throw validationFailed(faults.map((fault) => ({ loc, ...fault })))
    return user_id
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    throw validationFailed([{ loc, msg: 'must be percent-encoded UTF-8', type: 'string_unicode' }])
  }
}
