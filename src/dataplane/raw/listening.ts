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
  readonly receiver: Receiver
}

/** The interfaces that datagrams are taken from: opened at the start, and again when one has come back. */
export class Listening implements Interfaces {
  readonly #parts: ListeningParts
  readonly #open = new Map<string, Listener>()
  #take: (datagram: Buffer) => void = () => {}
  #linkMtu = 0
  #looking = false

  constructor(parts: ListeningParts) {
    this.#parts = parts
  }

  /** The largest MTU of them, in bytes. */
  get linkMtu(): number {
    return this.#linkMtu
  }

  /** @param take is given every datagram. @throws UnsupportedError if an interface does not let itself be listened to. */
  start(links: readonly Link[], take: (datagram: Buffer) => void): void {
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

  #receive(name: string): Receiver {
    try {
      return this.#parts.sockets.receive(name, this.#take)
    } catch (cause) {
      throw new UnsupportedError(`raw sockets on ${name}`, (cause as Error).message, { cause })
    }
  }

  /** A socket stays with the interface that it was bound to, whatever has its name later on. */
  #look(links: readonly Link[]): void {
    const { names, log } = this.#parts
    const named = links.filter(({ name }) => names.includes(name))
    this.#linkMtu = Math.max(...named.map(({ mtu }) => mtu))
    for (const name of names) {
      const ifindex = named.find((link) => link.name === name)?.ifindex
      const open = this.#open.get(name)
      if (open && open.ifindex !== ifindex) {
        log.error({ interface: name }, 'interface has gone, and its packets are not forwarded')
        open.receiver.close()
        this.#open.delete(name)
      }
      if (ifindex === undefined || this.#open.has(name)) continue
      this.#open.set(name, { ifindex, receiver: this.#receive(name) })
      log.info({ interface: name, mode: 'raw' }, 'listening')
    }
  }
}
