#!/usr/bin/env bun
import { parseArgs } from 'node:util'
import { version } from '../package.json'
import { readConfig, variables } from './config.ts'
import { createLogger } from './log.ts'
import { startService } from './service.ts'
import { StartError } from './start-error.ts'

const help = `tasks-api ${version}: a REST service that keeps every user's tasks apart

Usage: tasks-api [--help] [--version]

It is configured by environment variables:

${variables.map(({ name, fallback, help }) => `  ${name.padEnd(20)}${help} (${fallback || 'not set'})`).join('\n')}
`

const options = readArguments()
if (options.help) process.stdout.write(help)
else if (options.version) process.stdout.write(`${version}\n`)
else await serve()

function readArguments() {
  const options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const
  try {
    return parseArgs({ options }).values
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
    if (!(error instanceof StartError)) throw error
    fail(1, error.message)
  }
}

/** Ends the process with a line for the operator. */
function fail(status: number, message: string): never {
  process.stderr.write(`tasks-api: ${message}\n`)
  process.exit(status)
}
