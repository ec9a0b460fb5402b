#!/usr/bin/env bun
import { parseArgs } from 'node:util'
import { version } from '../package.json'
import { readConfig, variables } from './config.ts'
import { copyTasks } from './database/copy.ts'
import { createLogger } from './log.ts'
import { openApiDocument } from './openapi.ts'
import { startService } from './service.ts'
import { StartError } from './start-error.ts'

const help = `tasks-api ${version}: a REST service that keeps every user's tasks apart

Usage: tasks-api [COMMAND] [--help] [--version]

Commands:
  serve    runs the service, as no command does
  openapi  prints the OpenAPI document
  copy     copies all tasks from DATABASE_URL to COPY_TO, of the same form: a backup, or a move

It is configured by environment variables:

${variables.map(({ name, fallback, help }) => `  ${name.padEnd(20)}${help} (${fallback || 'not set'})`).join('\n')}
`

const commands: Record<string, () => Promise<void>> = {
  serve,
  copy,
  openapi: async () => void process.stdout.write(await openApiDocument())
}

const { values: options, positionals } = readArguments()
const [name = 'serve', ...rest] = positionals
const command = rest.length === 0 ? commands[name] : undefined
if (options.help) process.stdout.write(help)
else if (options.version) process.stdout.write(`${version}\n`)
else if (command) await command()
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
  try {
    const config = readConfig(process.env)
    const log = createLogger(config.logLevel)
    const service = startService(config, log)
    let stopping = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, async () => {
        // Whoever asks twice does not want to wait.
        if (stopping) process.exit(1)
        stopping = true
        log.info(`${signal}: stopping`)
        await (await service).stop()
        log.info('stopped')
        process.exit(0)
      })
    }
    await service
  } catch (error) {
    explain(error)
  }
}

async function copy(): Promise<void> {
  try {
    const { COPY_TO } = process.env
    if (COPY_TO === undefined) throw new StartError('COPY_TO must name the database to copy to')
    const { database, logLevel } = readConfig(process.env)
    const target = readConfig({ ...process.env, DATABASE_URL: COPY_TO }, { DATABASE_URL: 'COPY_TO' })
    const copied = await copyTasks(database, target.database, createLogger(logLevel))
    process.stdout.write(`copied ${copied} ${copied === 1 ? 'task' : 'tasks'}\n`)
  } catch (error) {
    explain(error)
  }
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
