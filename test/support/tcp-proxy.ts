import { connect, createServer, type Socket } from 'node:net'

/** What lies between the service and PostgreSQL, and may fail: all of its connections do as it is told. */
export type TcpProxy = {
  port: number
  /**
   * `pass`: carries what comes. `hole`: swallows it, and tells nobody. `cut`: closes a connection after the first byte of
   * the next answer. `refuse`: closes what is new.
   */
  mode: 'pass' | 'hole' | 'cut' | 'refuse'
  /** How long a new connection waits before it is carried on, in milliseconds. */
  delay: number
  /** Closes every connection. */
  drop(): void
  stop(): void
}

export async function startTcpProxy({ hostname, port }: URL): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const proxy: TcpProxy = {
    port: 0,
    mode: 'pass',
    delay: 0,
    drop() {
      for (const socket of sockets) socket.destroy()
    },
    stop() {
      proxy.drop()
      server.close()
    }
  }
  const server = createServer(async (client) => {
    if (proxy.mode === 'refuse') return void client.destroy()
    if (proxy.delay > 0) await Bun.sleep(proxy.delay)
    const upstream = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      // A connection that lost something is lost, whatever comes later.
      let holed = false
      from.on('close', () => {
        sockets.delete(from)
        if (!holed) to.destroy()
      })
      from.on('data', (bytes: Buffer) => {
        holed ||= proxy.mode === 'hole'
        if (holed) return
        if (proxy.mode === 'cut' && from === upstream) {
          to.write(bytes.subarray(0, 1), () => to.destroy())
          return void from.destroy()
        }
        to.write(bytes)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  proxy.port = typeof address === 'object' && address ? address.port : 0
  return proxy
}
