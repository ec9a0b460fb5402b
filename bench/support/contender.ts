import { freePort } from '../../test/support/free-port.ts'

/** Something that is measured: a server as a process of its own. */
export type Contender = {
  origin: string
  pid: number
  /** How long it took to start, in milliseconds. */
  startTime: number
  stop(): Promise<void>
}

/** Starts a server that listens on PORT, and waits until it answers on a path. */
export async function startContender(
  command: string[],
  environment: Record<string, string>,
  ready: string
): Promise<Contender> {
  const port = freePort()
  const origin = `http://127.0.0.1:${port}`
  const began = performance.now()
  const child = Bun.spawn(command, {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', PORT: String(port), ...environment },
    stdout: 'ignore',
    stderr: 'inherit'
  })
  // It would outlive a benchmark that fails.
  process.once('exit', () => child.kill())
  const isReady = () =>
    fetch(`${origin}${ready}`).then(
      ({ ok }) => ok,
      () => false
    )
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`${command.join(' ')} ended with ${child.exitCode}`)
    await Bun.sleep(1)
  }
  return {
    origin,
    pid: child.pid,
    startTime: performance.now() - began,
    async stop() {
      child.kill()
      await child.exited
    }
  }
}
