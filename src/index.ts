#!/usr/bin/env bun
import { parseArgs } from 'node:util'
import { build } from './build.ts'
import { readConfig, variables } from './config.ts'
import { createLogger } from './log.ts'
import { StartError } from './start-error.ts'

const help = `tasks-api ${build.version}: a REST service that keeps every user's tasks apart

Usage: tasks-api [COMMAND] [--help] [--version]

Commands:
  serve        runs the service, as no command does
  migrate      brings the database up to date, and ends
  copy         copies all tasks from DATABASE_URL to COPY_TO, of the same form: a backup, or a move
  healthcheck  asks the service on HOST and PORT whether it lives: exit status 0 where it does
  openapi      prints the OpenAPI document

It is configured by environment variables:

${variables.map(({ name, fallback, help }) => `  ${name.padEnd(20)}${help} (${fallback || 'not set'})`).join('\n')}

Exit status: 0 as it should be, 1 with a sentence on standard error where it can't be, 2 for wrong arguments.
`

const commands: Record<string, () => Promise<void>> = { serve, migrate, copy, healthcheck, openapi }

const { values: options, positionals } = readArguments()
const [name = 'serve', ...rest] = positionals
const command = rest.length === 0 && Object.hasOwn(commands, name) ? commands[name] : undefined
if (options.help) process.stdout.write(help)
else if (options.version) process.stdout.write(`${build.version} (commit ${build.commit})\n`)
else if (command) command().catch(explain)
else fail(2, `there is no command ${positionals.join(' ')} (--help shows the commands)`)

function readArguments() {
  const options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const
  try {
    return parseArgs({ options, allowPositionals: true })
  } catch (error) {
    return fail(2, `${error instanceof Error ? error.message : error} (--help shows the options)`)
  }
}

async function serve(): Promise<void> {
  const config = readConfig(process.env)
  const log = createLogger(config.logLevel)
  // What a command does not need is not loaded.
  const { startService } = await import('./service.ts')
  const starting = startService(config, log)
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, async () => {
      // Whoever asks twice does not want to wait.
      if (stopping) process.exit(1)
      stopping = true
      log.info(`${signal}: stopping`)
      await (await starting).stop()
      log.info('stopped')
      process.exit(0)
    })
  }
  const service = await starting
  try {
    await service.ready
  } catch (error) {
    // Then it is the signal that ended the waiting, and that ends the process.
    if (stopping) return
    await service.stop()
    throw error
  }
}

async function migrate(): Promise<void> {
  const { database, databaseWait, logLevel } = readConfig(process.env)
  const { migrateDatabase, migrationCount } = await import('./database/migrate.ts')
  const applied = await migrateDatabase(database, { seconds: databaseWait, log: createLogger(logLevel) })
  process.stdout.write(`applied ${migrationCount(applied)}\n`)
}

async function copy(): Promise<void> {
  const { COPY_TO } = process.env
  if (COPY_TO === undefined) throw new StartError('COPY_TO must name the database to copy to')
  const { database, logLevel } = readConfig(process.env)
  const target = readConfig({ ...process.env, DATABASE_URL: COPY_TO }, { DATABASE_URL: 'COPY_TO' })
  const { copyTasks } = await import('./database/copy.ts')
  const copied = await copyTasks(database, target.database, createLogger(logLevel))
  process.stdout.write(`copied ${copied} ${copied === 1 ? 'task' : 'tasks'}\n`)
}

async function healthcheck(): Promise<void> {
  const { host, port } = readConfig(process.env)
  const { checkHealth } = await import('./healthcheck.ts')
  await checkHealth(host, port)
}

async function openapi(): Promise<void> {
  const { identity } = readConfig(process.env)
  const { openApiDocument } = await import('./openapi.ts')
  process.stdout.write(await openApiDocument(identity))
}

/** Ends the process: for a reason that the operator can do something about, or for a defect. */
function explain(error: unknown): never {
  if (!(error instanceof StartError)) throw error
  return fail(1, error.message)
}

/** Ends the process with a line for the operator. */
function fail(status: number, message: string): never {
  process.stderr.write(`tasks-api: ${message}\n`)
  process.exit(status)
}
