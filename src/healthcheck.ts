import { StartError } from './start-error.ts'

/** How long a health check waits for the answer, in milliseconds. */
const patience = 3000

/**
 * Asks a service on this machine whether it lives.
 *
 * @param host where it listens, as it was told
 * @throws {StartError} where it does not
 */
export async function checkHealth(host: string, port: number): Promise<void> {
  // The addresses of every interface are none to connect to.
  const address = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/health`
  const answer = await fetch(url, { signal: AbortSignal.timeout(patience) }).catch(() => undefined)
  if (answer?.status !== 200) throw new StartError(`no healthy service at ${url}`)
}
