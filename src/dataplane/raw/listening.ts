import { UnsupportedError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import type { Link } from '../../net/links.js'
import type { Interfaces } from '../tables/table-dataplane.js'
import type { DatagramSockets, Receiver } from './datagram-sockets.js'

export interface ListeningParts {
  readonly sockets: DatagramSockets
  /** Names of interfaces. */
  readonly names: readonly string[]
  readonly readLinks: () => Promise<readonly Link[]>
  readonly log: Logger
}

interface Listener {
  readonly ifindex: number
  mtu: number
  readonly receiver: Receiver
}

/** @param count of datagrams that have come. @param link by which. */
type Take = (count: number, link: Pick<Link, 'ifindex' | 'mtu'>) => void

/** The interfaces that datagrams are taken from: opened at the start, and again when one has come back. */
export class Listening implements Interfaces {
  readonly #parts: ListeningParts
  readonly #open = new Map<string, Listener>()
  #take: Take = () => {}
  #looking = false

  constructor(parts: ListeningParts) {
    this.#parts = parts
  }

  /** @param take is told of every datagram. @throws UnsupportedError if an interface does not let itself be listened to. */
  start(links: readonly Link[], take: Take): void {
    this.#take = take
    this.#look(links)
  }

  list(): { name: string; mode: string }[] {
    return this.#parts.names.map((name) => ({ name, mode: this.#open.has(name) ? 'raw' : 'gone' }))
  }

  upkeep(): void {
    if (this.#looking) return
    this.#looking = true
    const { readLinks, log } = this.#parts
    readLinks()
      .then((links) => this.#look(links))
      .catch((err: unknown) => log.warn({ err }, 'interfaces could not be looked at; it will be tried again'))
      .finally(() => {
        this.#looking = false
      })
  }

  close(): void {
    for (const { receiver } of this.#open.values()) receiver.close()
    this.#open.clear()
  }

  /** A socket stays with the interface that it was bound to, whatever has its name later on. */
  #look(links: readonly Link[]): void {
    const { names, log } = this.#parts
    for (const name of names) {
      const link = links.find((candidate) => candidate.name === name)
      const open = this.#open.get(name)
      if (open && link && open.ifindex === link.ifindex) {
        open.mtu = link.mtu
        continue
      }
      if (open) {
        log.error({ interface: name }, 'interface has gone, and its packets are not forwarded')
        open.receiver.close()
        this.#open.delete(name)
      }
      if (!link) continue
      this.#open.set(name, this.#listen(link))
      log.info({ interface: name, mode: 'raw' }, 'listening')
    }
  }

  #listen({ name, ifindex, mtu }: Link): Listener {
    try {
      const receiver = this.#parts.sockets.receive(name, (count) => this.#take(count, listener))
      const listener: Listener = { ifindex, mtu, receiver }
      return listener
    } catch (cause) {
      throw new UnsupportedError(`raw sockets on ${name}`, (cause as Error).message, { cause })
    }
  }
}
