import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino'
import pretty from 'pino-pretty'
import type { LogLevel } from './config.ts'

/** What the line of a request has. */
export type RequestLine = {
  request_id: string
  method: string
  /** The template of its route, null where it has none. */
  route: string | null
  status: number
  duration_ms: number
  user_id?: string | undefined
}

type LogRequest = (level: 'debug' | 'info', line: RequestLine) => void

/** The service's logger, with a way of its own for the lines of requests. */
export type Logger = PinoLogger & { request: LogRequest }

/** For how long a line waits for others, in milliseconds: written one by one they cost a third of what requests do. */
const patience = 20

/**
 * Makes the service's logger: JSON lines on standard output, or readable ones where that is a terminal.
 *
 * @param level the least severe level that is written
 */
export function createLogger(level: LogLevel): Logger {
  if (process.stdout.isTTY) {
    const ignore = 'request_id,method,route,status,duration_ms'
    const log = pino({ level, base: null }, pretty({ ignore, messageFormat, sync: true }))
    const request: LogRequest = (level, line) => log[level](line)
    return Object.assign(log, { request })
  }
  const lines = together(pino.destination({ sync: true }))
  process.once('exit', lines.flush)
  return createJsonLogger(level, lines)
}

/** Hands on many lines at once: the destination's own buffer costs as much a line as making the line does. */
function together(destination: DestinationStream): DestinationStream & { flush(): void } {
  let text = ''
  const flush = () => {
    if (text === '') return
    destination.write(text)
    text = ''
  }
  return {
    write(line) {
      if (text === '') setTimeout(flush, patience)
      text += line
    },
    flush
  }
}

/** @param destination where the lines go */
export function createJsonLogger(level: LogLevel, destination: DestinationStream): Logger {
  const formatters = { level: (label: string) => ({ level: label }) }
  const timestamp = isoTime()
  const log = pino({ level, base: null, timestamp, formatters }, destination)
  const shown = { debug: log.isLevelEnabled('debug'), info: log.isLevelEnabled('info') }
  // Just what pino makes of it, in a fifth of the time.
  const request: LogRequest = (level, line) => {
    if (shown[level]) destination.write(`{"level":"${level}"${timestamp()},${JSON.stringify(line).slice(1)}\n`)
  }
  return Object.assign(log, { request })
}

/** The time of a line, as pino wants it; many lines are of one millisecond. */
function isoTime(): () => string {
  let [now, text] = [0, '']
  return () => {
    const time = Date.now()
    if (time !== now) {
      now = time
      text = `,"time":"${new Date(time).toISOString()}"`
    }
    return text
  }
}

/** A request's line has no message but on a terminal. */
function messageFormat(line: Record<string, unknown>, messageKey: string): string {
  const { method, route, status, duration_ms } = line
  return method ? `${method} ${route ?? '(no route)'} ${status} in ${duration_ms} ms` : String(line[messageKey])
}
