import { DirectorError } from '../core/errors.js'
import { isSameServer, type RealServer, type ServerKey, serverKeyText } from '../core/real-server.js'
import { serviceKeyText, type VirtualService } from '../core/virtual-service.js'

/** A service as the operator wants it. Never changed in place: a refused change leaves the old one standing. */
export interface DesiredService {
  readonly service: VirtualService
  /** Newest first, as IPVS keeps them (list_add in __ip_vs_update_dest). */
  readonly servers: readonly RealServer[]
}

/** A service to which servers are added one after the other; an addition takes the same time, however many there are. */
export class GrowingService {
  readonly #keys: Set<string>
  readonly #added: RealServer[] = []

  constructor(readonly before: DesiredService) {
    this.#keys = new Set(before.servers.map(serverKeyText))
  }

  /** @throws DirectorError SERVER_EXISTS. */
  checkAbsent(server: ServerKey): void {
    const key = serverKeyText(server)
    if (!this.#keys.has(key)) return
    const { service } = this.before
    throw new DirectorError('SERVER_EXISTS', `${serviceKeyText(service)} has a server ${key} already`)
  }

  /** Adds a server that is absent. */
  add(server: RealServer): void {
    this.#keys.add(serverKeyText(server))
    this.#added.push(server)
  }

  /** The service with all that was added. */
  get grown(): DesiredService {
    const { service, servers } = this.before
    return { service, servers: [...this.#added.toReversed(), ...servers] }
  }
}

/** Changes a server where it stands in the list. @throws DirectorError NO_SUCH_SERVER. */
export function withServerEdited(desired: DesiredService, server: RealServer): DesiredService {
  return { service: desired.service, servers: desired.servers.with(present(desired, server), server) }
}

/** @throws DirectorError NO_SUCH_SERVER. */
export function withoutServer(desired: DesiredService, key: ServerKey): DesiredService {
  return { service: desired.service, servers: desired.servers.toSpliced(present(desired, key), 1) }
}

function present({ service, servers }: DesiredService, key: ServerKey): number {
  const at = position(servers, key)
  if (at < 0)
    throw new DirectorError('NO_SUCH_SERVER', `${serviceKeyText(service)} has no server ${serverKeyText(key)}`)
  return at
}

function position(servers: readonly RealServer[], key: ServerKey): number {
  return servers.findIndex((server) => isSameServer(server, key))
}
