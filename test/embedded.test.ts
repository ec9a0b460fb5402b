import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { addressOf, type ServiceProcess, spawnService } from './support/process.ts'
import { callOn } from './support/service.ts'

let folder: string
/** A database with a task in it, of which the tests take copies. */
let original: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tasks-api-embedded-'))
  original = join(folder, 'original')
  const service = startIn(original)
  const call = callOn((await service.url) ?? new URL('about:blank'))
  taskIn(await call('POST', '/api/u/tasks', { json: { title: 'kept' } }), 201)
  service.kill('SIGTERM')
  expect((await service.ended).status).toBe(0)
}, 60_000)
afterAll(() => rm(folder, { recursive: true }))

const startIn = (directory: string) => spawnService({ DATABASE_URL: `pglite:${directory}` })

async function copy(name: string): Promise<string> {
  await cp(original, join(folder, name), { recursive: true })
  return join(folder, name)
}

/** Expects the start to end with one line. */
async function refusal(service: ServiceProcess): Promise<string> {
  const { status, error } = await service.ended
  expect(status).toBe(1)
  expect(error).toMatch(/^tasks-api: [^\n]+\n$/)
  return error
}

async function titlesIn(directory: string): Promise<string[]> {
  const service = startIn(directory)
  const url = await addressOf(service)
  const titles = tasksIn(await callOn(url)('GET', '/api/u/tasks')).map(({ title }) => title)
  service.kill('SIGTERM')
  expect((await service.ended).status).toBe(0)
  return titles
}

describe('one process at a time', () => {
  test('the second is told which process has the folder, and a killed one leaves it free', async () => {
    const directory = await copy('one')
    const holder = startIn(directory)
    await holder.url
    expect(await refusal(startIn(directory))).toEndWith(`/one is in use by process ${holder.pid}\n`)
    holder.kill('SIGKILL')
    expect((await holder.ended).status).toBe('SIGKILL')
    expect(await titlesIn(directory)).toEqual(['kept'])
  }, 60_000)

  test('of three that start at once, one wins', async () => {
    const directory = await copy('race')
    const all = [startIn(directory), startIn(directory), startIn(directory)]
    const urls = await Promise.all(all.map(({ url }) => url))
    expect(urls.filter((url) => url !== undefined)).toHaveLength(1)
    for (const [index, service] of all.entries()) {
      if (urls[index] === undefined) expect(await refusal(service)).toContain('/race is in use by process ')
      else service.kill('SIGTERM')
    }
    await Promise.all(all.map(({ ended }) => ended))
    expect(await titlesIn(directory)).toEqual(['kept'])
  }, 60_000)
})

test('a start that is killed while it makes the database needs no hand', async () => {
  const directory = join(folder, 'unfinished')
  const first = startIn(directory)
  // Its first file is there, its last is not.
  while (!existsSync(join(directory, 'PG_VERSION'))) await Bun.sleep(5)
  first.kill('SIGKILL')
  await first.ended
  expect(await readdir(directory)).toContain('tasks-api.unfinished')
  expect(await titlesIn(directory)).toEqual([])
  expect(await readdir(directory)).not.toContain('tasks-api.unfinished')
}, 60_000)

test('the root of a volume is a folder to keep data in', async () => {
  const directory = join(folder, 'volume')
  await mkdir(join(directory, 'lost+found'), { recursive: true })
  expect(await titlesIn(directory)).toEqual([])
}, 60_000)

/** A small disk of its own takes a mount, which only root may make, and not everywhere. */
function mountDisk(directory: string, megabytes: number): boolean {
  const mount = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory])
  return mount.success
}

const mayMount = (() => {
  const probe = mkdtempSync(join(tmpdir(), 'tasks-api-mount-'))
  const mounted = process.platform === 'linux' && process.getuid?.() === 0 && mountDisk(probe, 1)
  if (mounted) Bun.spawnSync(['umount', probe])
  rmdirSync(probe)
  return mounted
})()

describe.skipIf(!mayMount)('a full disk', () => {
  let disk: string
  beforeAll(async () => {
    disk = join(folder, 'disk')
    await mkdir(disk)
  })
  afterEach(() => void Bun.spawnSync(['umount', disk]))

  test('stops the start with one line, which succeeds once there is space', async () => {
    mountDisk(disk, 20)
    expect(await refusal(startIn(disk))).toEndWith("can't be opened, there is no space left on the disk\n")
    Bun.spawnSync(['mount', '-o', 'remount,size=200m', disk])
    expect(await titlesIn(disk)).toEqual([])
  }, 60_000)

  test('makes 503 of writes while it lasts, and loses nothing that was acknowledged', async () => {
    mountDisk(disk, 100)
    const directory = join(disk, 'data')
    const service = startIn(directory)
    const call = callOn((await service.url) ?? new URL('about:blank'))
    const task = taskIn(await call('POST', '/api/u/tasks', { json: { title: 'first' } }), 201)
    const filler = join(disk, 'filler')
    await Bun.write(filler, Buffer.alloc(120_000_000)).catch(() => {})
    for (const [method, path] of [
      ['POST', '/api/u/tasks'],
      ['PUT', `/api/u/tasks/${task.id}`]
    ] as const) {
      problemIn(await call(method, path, { json: { title: 'x' } }), 503, 'database_unavailable')
    }
    expect(tasksIn(await call('GET', '/api/u/tasks'))).toEqual([task])
    await rm(filler)
    taskIn(await call('POST', '/api/u/tasks', { json: { title: 'last' } }), 201)
    service.kill('SIGKILL')
    await service.ended
    expect(await titlesIn(directory)).toEqual(['last', 'first'])
  }, 60_000)
})

describe('what stops the start, with one line, and is left as it is', () => {
  test('a file where the folder should be', async () => {
    const file = join(folder, 'file')
    await Bun.write(file, 'x')
    expect(await refusal(startIn(file))).toBe(`tasks-api: the data folder ${file} is a file, or is under one: EEXIST\n`)
    expect(await Bun.file(file).text()).toBe('x')
  })

  // Root may write everywhere.
  test.skipIf(process.getuid?.() === 0)('a folder that may not be written', async () => {
    const directory = join(folder, 'locked')
    await mkdir(directory, { mode: 0o500 })
    expect(await refusal(startIn(directory))).toContain('/locked is not writable for this user: ')
  })

  test('other files in the folder', async () => {
    const directory = join(folder, 'others')
    await Bun.write(join(directory, 'letter.txt'), 'x')
    expect(await refusal(startIn(directory))).toEndWith('/others holds other files, and no database\n')
    expect(await readdir(directory)).toContain('letter.txt')
  })

  test('data of another major version', async () => {
    const directory = await copy('version')
    await Bun.write(join(directory, 'PG_VERSION'), '17\n')
    expect(await refusal(startIn(directory))).toEndWith('/version is of PostgreSQL 17, and this one is 18\n')
    await Bun.write(join(directory, 'PG_VERSION'), '18\n')
    expect(await titlesIn(directory)).toEqual(['kept'])
  })

  const damages: [string, (directory: string) => Promise<unknown>][] = [
    ['no control file', (directory) => rm(join(directory, 'global/pg_control'))],
    ['no write-ahead log', (directory) => rm(join(directory, 'pg_wal'), { recursive: true })],
    ['a control file of noise', (directory) => Bun.write(join(directory, 'global/pg_control'), 'x'.repeat(8192))]
  ]
  test.each(damages)('%s', async (name, damage) => {
    const directory = await copy(name.replaceAll(' ', '-'))
    await damage(directory)
    expect(await refusal(startIn(directory))).toContain("can't be opened, its files are damaged")
  })
})
