import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import type { LogLevel } from './config.ts'

export type { Logger }

/**
 * Makes the service's logger: JSON lines on standard output, or readable ones where that is a terminal.
 *
 * @param level the least severe level that is written
 */
export function createLogger(level: LogLevel): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (process.stdout.isTTY) {
    return pino(options, pretty({ ignore: 'request_id,method,route,status,duration_ms', sync: true }))
  }
  return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, pino.destination({ sync: true }))
}
