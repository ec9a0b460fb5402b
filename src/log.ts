import pino, { type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'
import type { LogLevel } from './config.ts'

export type { Logger }

/**
 * Makes the service's logger: JSON lines on standard output, or readable ones where that is a terminal.
 *
 * @param level the least severe level that is written
 */
export function createLogger(level: LogLevel): Logger {
  if (process.stdout.isTTY) {
    const ignore = 'request_id,method,route,status,duration_ms'
    return pino({ level, base: null }, pretty({ ignore, sync: true }))
  }
  return createJsonLogger(level, pino.destination({ sync: true }))
}

/** @param destination where the lines go */
export function createJsonLogger(level: LogLevel, destination: DestinationStream): Logger {
  const formatters = { level: (label: string) => ({ level: label }) }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, destination)
}
