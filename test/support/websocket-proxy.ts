import { connect, type Socket } from 'node:net'

/** What Neon's driver talks to: a WebSocket server that carries the bytes to PostgreSQL and back. */
export type WebSocketProxy = {
  /** For `NEON_WS_PROXY`. */
  address: string
  stop(): Promise<void>
}

export function startWebSocketProxy(): WebSocketProxy {
  const server = Bun.serve<{ target: Socket }>({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, server) {
      const [host, port] = (new URL(request.url).searchParams.get('address') ?? '').split(':')
      const target = connect({ host: host ?? '', port: Number(port) })
      return server.upgrade(request, { data: { target } }) ? undefined : new Response(null, { status: 426 })
    },
    websocket: {
      open(ws) {
        const { target } = ws.data
        target.on('data', (bytes) => ws.send(bytes))
        target.on('error', () => ws.close())
        target.on('close', () => ws.close())
      },
      message(ws, message) {
        ws.data.target.write(message)
      },
      close(ws) {
        ws.data.target.end()
      }
    }
  })
  return { address: `127.0.0.1:${server.port}/v1`, stop: () => server.stop(true) }
}
