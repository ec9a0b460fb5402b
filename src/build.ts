import { version } from '../package.json'

/** Put in the place of this name by `bun run build`. */
declare const TASKS_API_COMMIT: string

/** Which program this is: its version, and the commit that a binary was built from. */
export const build = {
  version,
  commit: typeof TASKS_API_COMMIT === 'undefined' ? 'none, run from source' : TASKS_API_COMMIT
}
