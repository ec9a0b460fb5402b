/** Why the service can't start, in one line for the operator: no secret and no statement in it. */
export class StartError extends Error {
  override name = 'StartError'
}
