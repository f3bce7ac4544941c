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
    this.#pool.adopt([0, ...servers.map((server) => this.#of(server))])
  }

  /**
   * Makes the connections of a server, of which there are none yet, count for a share: that of another server of its service, or
   * a fresh one if it is the first. @throws DirectorError NO_SPACE; then nothing has changed.
   */
  join(server: number, other: number | undefined): void {
    if (other !== undefined) {
      this.#servers.set(server, { share: this.#of(other) })
      return
    }
    const share = this.#pool.allocate()
    try {
      this.#shares.set(share, { assured: 0 })
      this.#servers.set(server, { share })
    } catch (error) {
      this.#pool.release(share, false)
      throw error
    }
  }

  /** Gives the share of a server back, which no other has any more. @param wasSeen as in {@link IndexPool.release}. */
  leave(server: number, wasSeen: boolean): void {
    const share = this.#of(server)
    if (share !== 0) this.#pool.release(share, wasSeen)
  }

  /** Assured connections of the service of a server. */
  assured(server: number): number {
    return this.#shares.get(this.#of(server)).assured
  }

  #of(server: number): number {
    return this.#servers.get(server).share
  }
}
