import { type ServerShareStruct, type ServiceShareStruct, serverShareLayout, serviceShareLayout } from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import { IndexPool, type PacketClock } from './pools.js'
import type { TableMap } from './table-map.js'

export interface ShareMaps {
  readonly serverShares: TableMap
  readonly serviceShares: TableMap
}

/**
 * Whose assured connections count together: those of one service's servers. A share lasts as long as there is a
 * server that has it, one that is removed and keeps connections included: so its count is right whatever becomes of the service.
 */
export class ServiceShares {
  readonly #servers: MappedArray<ServerShareStruct>
  readonly #shares: MappedArray<ServiceShareStruct>
  readonly #pool: IndexPool

  constructor(maps: ShareMaps, clock: PacketClock) {
    this.#servers = new MappedArray(maps.serverShares, serverShareLayout)
    this.#shares = new MappedArray(maps.serviceShares, serviceShareLayout)
    this.#pool = new IndexPool('services with connections', this.#shares.capacity, clock)
  }

  /** States what is in use already. @param servers indexes of real servers. */
  adopt(servers: readonly number[]): void {
    // 0 is of servers without a share.
    this.#pool.adopt([0, ...servers.map((server) => this.of(server))])
  }

  /** The share that a server's connections count for. @param server its index. */
  of(server: number): number {
    return this.#servers.get(server).share
  }

  /** A fresh one. @throws DirectorError NO_SPACE. */
  allocate(): number {
    const share = this.#pool.allocate()
    this.#shares.set(share, { assured: 0 })
    return share
  }

  /** Makes the connections of a server, of which there are none, count for a share. */
  assign(server: number, share: number): void {
    this.#servers.set(server, { share })
  }

  /** Gives one back that no server has any more. @param wasSeen as in {@link IndexPool.release}. */
  release(share: number, wasSeen: boolean): void {
    if (share !== 0) this.#pool.release(share, wasSeen)
  }

  /** Assured connections that count for it. */
  assured(share: number): number {
    return this.#shares.get(share).assured
  }
}
