import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How many clients pgbench has: with as many as the services have connections it is slower. */
export const clients = 20

/** Whether there is a pgbench here. */
export const hasPgbench = Bun.which('pgbench') !== null

/**
 * Runs a statement as pgbench does, prepared and without HTTP (https://www.postgresql.org/docs/18/pgbench.html).
 *
 * @returns transactions a second
 */
export async function pgbench(url: URL, statement: string, seconds: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'tasks-api-pgbench-'))
  const script = join(folder, 'script.sql')
  await Bun.write(script, statement)
  const settings = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-f', script]
  const child = Bun.spawn(
    ['pgbench', ...settings, '-h', url.hostname, '-p', url.port, '-U', url.username, url.pathname.slice(1)],
    { env: { PGPASSWORD: decodeURIComponent(url.password), PATH: process.env['PATH'] ?? '' }, stderr: 'pipe' }
  )
  const output = await new Response(child.stdout).text()
  await rm(folder, { recursive: true })
  const [, rate] = /tps = ([\d.]+)/.exec(output) ?? []
  if (rate === undefined) throw new Error(`pgbench failed: ${await new Response(child.stderr).text()}`)
  return Number(rate)
}
