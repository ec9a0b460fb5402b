/** A task id that nobody has. */
export const nobody = '019c32d4-9f40-7000-8000-3f1d2c4b5a69'

/** The six operations: the method, the path behind `/api/{user_id}/tasks`, and a body where it takes one. */
export const operations: [string, string, unknown][] = [
  ['GET', '', undefined],
  ['POST', '', { title: 'x' }],
  ['GET', `/${nobody}`, undefined],
  ['PUT', `/${nobody}`, { title: 'x' }],
  ['DELETE', `/${nobody}`, undefined],
  ['PATCH', `/${nobody}/complete`, undefined]
]
