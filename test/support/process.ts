import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { identityIsOn, secret } from './tokens.ts'

/** The service as a process of its own, as an operator starts it. */
export type ServiceProcess = {
  pid: number
  /** Where it listens, once it does; undefined where it ended instead. */
  url: Promise<URL | undefined>
  /** Everything that it has written to standard output so far. */
  output(): string
  kill(signal: NodeJS.Signals): void
  /** How it ended: its exit status, or the signal's name, and what it wrote to standard error. */
  ended: Promise<{ status: number | string; error: string }>
}

/** Turns identity on, in a run in which it is, where the variables do not say themselves whether it is. */
export function withIdentity(environment: Record<string, string>): Record<string, string> {
  const says = Object.keys(environment).some((name) => name.startsWith('AUTH_'))
  return identityIsOn && !says ? { AUTH_JWT_SECRET: secret, ...environment } : environment
}

/** The executable that is tested, where the variable BINARY names one; otherwise the source is. */
export const binary = process.env['BINARY'] && resolve(process.env['BINARY'])

const source = [process.execPath, '--no-env-file', resolve(import.meta.dir, '../../src/index.ts')]

/** Where nothing is that it could need. */
const empty = mkdtempSync(join(tmpdir(), 'tasks-api-empty-'))
process.once('exit', () => rmSync(empty, { recursive: true, force: true }))

/** Starts the service with these variables and no others, but for what the machine needs. */
export function spawnService(environment: Record<string, string>, args: string[] = []): ServiceProcess {
  const child = Bun.spawn([...(binary ? [binary] : source), ...args], {
    cwd: empty,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', PORT: '0', ...withIdentity(environment) },
    stdout: 'pipe',
    stderr: 'pipe'
  })
  let output = ''
  const url = Promise.withResolvers<URL | undefined>()
  const read = async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += chunk
      const address = /listens on (http:\/\/[^\s,]+)/.exec(output)?.[1]
      if (address) url.resolve(new URL(address))
    }
    url.resolve(undefined)
  }
  const reading = read()
  const ended = Promise.all([child.exited, new Response(child.stderr).text(), reading]).then(([, error]) => ({
    status: child.signalCode ?? child.exitCode ?? 'unknown',
    error
  }))
  return { pid: child.pid, url: url.promise, output: () => output, kill: (signal) => child.kill(signal), ended }
}

/** @returns where a service listens, once it does */
export async function addressOf({ url, ended }: ServiceProcess): Promise<URL> {
  const address = await url
  if (!address) throw new Error(`it did not start: ${(await ended).error}`)
  return address
}
