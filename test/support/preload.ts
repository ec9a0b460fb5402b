import { afterAll } from 'bun:test'
import { stopShared } from './databases.ts'
import { stopSharedServices } from './service.ts'

afterAll(async () => {
  await stopSharedServices()
  await stopShared()
})
