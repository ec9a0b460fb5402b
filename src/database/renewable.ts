import type { Logger } from '../log.ts'
import { describeFailure } from './failure.ts'

/** How long opening a connection may take, in seconds: Neon wakes from zero within some hundred milliseconds. */
export const connectTimeout = 15

/** How long a connection may idle before it is closed, in seconds: less than the five minutes after which Neon does it. */
export const idleTimeout = 240

/** How to deal with a driver's clients. */
export type ClientKind<Client> = {
  /** Makes a client of at most so many connections, and opens none of them yet. */
  open(size: number): Client
  /** Asks the database anything at all. */
  ask(client: Client): Promise<unknown>
  /** Closes all of a client's connections at once. */
  discard(client: Client): Promise<unknown>
}

export type Renewable<Client> = {
  /** Stays the same for who uses it while the one behind it is replaced. */
  client: Client
  /** Looks for the database on new connections. Once it answers there they are used, `replaced` is called, and the old ones are closed. */
  renew(replaced: () => void): void
  /** Ends the looking. @returns the client that is in use, which is then the caller's to close */
  end(): Client
}

/** How often a silent database is asked on a new connection, and how long each of them has, in milliseconds. */
const probeInterval = 500
const probeTimeout = 10_000

/**
 * A client whose connections can be replaced while it is used: those that were lost without a word, as by a firewall that
 * forgot them, would wait until TCP gives up, which takes a quarter of an hour.
 *
 * @param size how many connections the client may have
 */
export function renewable<Client extends object>(
  { open, ask, discard }: ClientKind<Client>,
  size: number,
  log: Logger
): Renewable<Client> {
  let current = open(size)
  /** The methods of the current client, bound to it. */
  const methods = new Map<string | symbol, unknown>()
  let endSearch: (() => void) | undefined

  const close = (client: Client) =>
    discard(client).catch((error: unknown) =>
      log.warn({ reason: describeFailure(error) }, 'could not close a connection')
    )

  /**
   * Waits for no attempt before the next one: it may have been made into the hole that swallowed the others.
   *
   * @param found is called once the database has answered
   * @returns what ends the search
   */
  function search(found: () => void): () => void {
    const probes = new Set<Client>()
    const dismiss = (probe: Client) => {
      if (probes.delete(probe)) close(probe)
    }
    const end = () => {
      clearInterval(interval)
      probes.forEach(dismiss)
    }
    const probe = () => {
      const client = open(1)
      probes.add(client)
      const timer = setTimeout(dismiss, probeTimeout, client)
      ask(client)
        .then(
          () => probes.has(client) && found(),
          () => dismiss(client)
        )
        .finally(() => clearTimeout(timer))
    }
    const interval = setInterval(probe, probeInterval)
    probe()
    return end
  }

  return {
    client: new Proxy(current, {
      get(_, name) {
        const found = methods.get(name)
        if (found !== undefined) return found
        const value: unknown = Reflect.get(current, name)
        if (typeof value !== 'function') return value
        const method: unknown = value.bind(current)
        methods.set(name, method)
        return method
      }
    }),
    renew(replaced) {
      log.warn('the database has been silent for too long, it is asked on new connections')
      endSearch = search(() => {
        endSearch?.()
        log.warn('the database answers on new connections, all others are replaced')
        const old = current
        current = open(size)
        methods.clear()
        replaced()
        close(old)
      })
    },
    end() {
      endSearch?.()
      return current
    }
  }
}
