import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Runs a statement as pgbench does, prepared and without HTTP (https://www.postgresql.org/docs/18/pgbench.html).
 *
 * @returns transactions a second, a round each; undefined where there is no pgbench
 */
export async function pgbench(
  url: URL,
  statement: string,
  rounds: number,
  seconds: number
): Promise<number[] | undefined> {
  const program = Bun.which('pgbench')
  if (!program) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'tasks-api-pgbench-'))
  const script = join(folder, 'script.sql')
  await Bun.write(script, statement)
  const settings = ['-n', '-M', 'prepared', '-c', '20', '-j', '2', '-T', String(seconds), '-f', script]
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const child = Bun.spawn(
      [program, ...settings, '-h', url.hostname, '-p', url.port, '-U', url.username, url.pathname.slice(1)],
      { env: { PGPASSWORD: decodeURIComponent(url.password), PATH: process.env['PATH'] ?? '' }, stderr: 'pipe' }
    )
    const output = await new Response(child.stdout).text()
    const [, rate] = /tps = ([\d.]+)/.exec(output) ?? []
    if (rate === undefined) throw new Error(`pgbench failed: ${await new Response(child.stderr).text()}`)
    rates.push(Number(rate))
  }
  await rm(folder, { recursive: true })
  return rates
}
