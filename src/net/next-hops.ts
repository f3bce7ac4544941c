import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../core/address.js'
import { Allowance } from '../core/allowance.js'
import type { Clock } from '../core/clock.js'
import type { Logger } from '../core/logger.js'
import type { NextHop, NextHopSource } from '../core/next-hop.js'
import { type Link, ownMacs } from './links.js'
import type { NetworkEvent } from './monitor.js'
import { lookAt, lookEveryMs, type NeighbourWatch, unknownNeighbour } from './neighbour-watch.js'
import { type Neighbour, type NeighbourAction, type NeighbourKey, neighbourKeyText } from './neighbours.js'
import type { Network } from './network.js'
import { nextHopOf, sameNextHop, type Way, wayOf } from './resolve.js'

/** What is known of a watched address. */
interface Watched {
  /** undefined until it is looked up, and again when routes have changed. */
  way: Way | undefined
  hop: NextHop
  lookedUp: boolean
}

/** Changes come in bursts: this long after the first, one look takes them all. */
const gatherMs = 20
/** A look after an event waits for this many times as long as the last one took: under a storm of events, a fifth of the time. */
const restFactor = 4
/** Events can be lost when the kernel's buffer for them runs over; so routes are read again after this. */
const routesLastMs = 10_000
/** A server that is taken out by a health check mostly comes back, and shall not wait for its neighbour then. */
const lingerMs = 3_600_000
const lingeringAtMost = 1024

/**
 * Next hops from the kernel's routes and neighbours. Everything happens in looks, one at a time: at
 * once for a new address, soon after an event, and every lookEveryMs in any case. A look costs one
 * `ip neigh show` and one batch of changes, whatever the number of addresses, and one batch of
 * `ip route get` when addresses are new or routes have changed.
 */
export class KernelNextHops implements NextHopSource {
  readonly #watched = new Map<Address, Watched>()
  /** Addresses that nobody watches any more, and since when, oldest first: kept current while their neighbours answer. */
  readonly #lingering = new Map<Address, number>()
  #neighbours = new Map<string, NeighbourWatch>()
  #links: ReadonlyMap<string, Link> = new Map()
  #listener: (rips: readonly Address[]) => void = () => {}
  #ownMacsListener: (macs: readonly string[]) => void = () => {}
  #ownMacs: readonly string[] = []
  readonly #monitor: { close(): Promise<void> }
  #routesChanged = true
  #routesReadAtMs = 0
  #refused = ''
  #looking = Promise.resolve()
  #lookTookMs = 0
  /** Looks for new addresses are processes: thousands of servers that are added one by one shall not mean as many. */
  readonly #looksForNew: Allowance
  #planned: { atMs: number; cancel: () => void } | undefined
  #settling: (() => void)[] = []
  #closed = false

  constructor(
    private readonly network: Network,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Names of those that the director forwards on. */
    private readonly interfaces: readonly string[] = [],
  ) {
    this.#looksForNew = new Allowance(clock, 200, 0.2)
    this.#monitor = network.follow((event) => this.#changed(event))
  }

  watch(rip: Address): void {
    if (this.#lingering.delete(rip) || this.#watched.has(rip)) return
    this.#watched.set(rip, { way: undefined, hop: 'unresolved', lookedUp: false })
    this.#lookIn(this.#looksForNew.waitMs())
  }

  unwatch(rip: Address): void {
    if (!this.#watched.has(rip) || this.#lingering.has(rip)) return
    this.#lingering.set(rip, this.clock.nowMs())
    this.#forgetLingering()
    this.#settle()
  }

  get(rip: Address): NextHop {
    return this.#lingering.has(rip) ? 'unresolved' : (this.#watched.get(rip)?.hop ?? 'unresolved')
  }

  onChange(listener: (rips: readonly Address[]) => void): void {
    this.#listener = listener
  }

  onOwnMacs(listener: (macs: readonly string[]) => void): void {
    this.#ownMacsListener = listener
    this.#lookIn(0)
  }

  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#settling.push(resolve)
      this.#settle()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#planned?.cancel()
    await Promise.all([this.#looking, this.#monitor.close()])
  }

  #settle(): void {
    if ([...this.#watched.values()].some(({ lookedUp }) => !lookedUp)) return
    for (const resolve of this.#settling.splice(0)) resolve()
  }

  #forgetLingering(): void {
    const outlivedAtMs = this.clock.nowMs() - lingerMs
    for (const [rip, sinceMs] of this.#lingering) {
      const isTooMuch = sinceMs <= outlivedAtMs || this.#lingering.size > lingeringAtMost
      if (!isTooMuch && this.#watched.get(rip)?.hop !== 'unresolved') continue
      this.#lingering.delete(rip)
      this.#watched.delete(rip)
    }
  }

  #changed(event: NetworkEvent): void {
    if (event.type === 'routes') {
      this.#routesChanged = true
    } else {
      const watch = this.#neighbours.get(event.key)
      if (!watch || watch.mac === event.mac) return
    }
    this.#lookIn(Math.max(gatherMs, restFactor * this.#lookTookMs))
  }

  /** Plans a look, unless one is planned that comes sooner. It starts when the one under way has ended. */
  #lookIn(delayMs: number): void {
    const atMs = this.clock.nowMs() + delayMs
    if (this.#closed || (this.#planned && this.#planned.atMs <= atMs)) return
    this.#planned?.cancel()
    const cancel = this.clock.after(delayMs, () => {
      this.#looking = this.#looking.then(() => this.#look())
    })
    this.#planned = { atMs, cancel }
  }

  async #look(): Promise<void> {
    this.#planned = undefined
    if (this.#closed) return
    const startMs = this.clock.nowMs()
    const watched = [...this.#watched]
    const hasNew = watched.some(([, { lookedUp }]) => !lookedUp)
    try {
      await this.#readRoutes(watched)
      // Neighbours asked for the first time mostly answer before the next `ip` has started.
      if (await this.#lookAtNeighbours(watched)) await this.#lookAtNeighbours(watched)
      this.#report(watched)
      this.#forgetLingering()
      for (const [, one] of watched) one.lookedUp = true
      this.#settle()
    } catch (err) {
      this.#routesChanged = true
      this.logger.warn({ err }, 'routes and neighbours could not be read, trying again')
    }
    this.#lookTookMs = this.clock.nowMs() - startMs
    if (hasNew) this.#looksForNew.spend(this.#lookTookMs)
    this.#lookIn(lookEveryMs)
  }

  async #readRoutes(watched: readonly [Address, Watched][]): Promise<void> {
    const nowMs = this.clock.nowMs()
    const old = watched.length > 0 && nowMs - this.#routesReadAtMs >= routesLastMs
    const all = this.#routesChanged || old
    const wanted = all ? watched : watched.filter(([, { way }]) => way === undefined)
    if (all) {
      this.#routesChanged = false
      this.#routesReadAtMs = nowMs
      this.#links = new Map((await this.network.links()).map((link) => [link.name, link]))
      this.#reportOwnMacs()
    }
    if (wanted.length === 0) return
    const routes = await this.network.routes(wanted.map(([rip]) => rip))
    for (const [rip, one] of wanted) {
      const way = wayOf(rip, routes.get(rip), this.#links)
      if (way.type === 'none' && !(one.way?.type === 'none' && one.way.reason === way.reason)) {
        this.logger.warn({ rip, reason: way.reason }, 'no way to a real server')
      }
      one.way = way
    }
  }

  #reportOwnMacs(): void {
    const macs = ownMacs([...this.#links.values()], this.interfaces)
    if (isDeepStrictEqual(macs, this.#ownMacs)) return
    this.#ownMacs = macs
    this.#ownMacsListener(macs)
  }

  /** @returns whether a neighbour was asked for the first time. */
  async #lookAtNeighbours(watched: readonly [Address, Watched][]): Promise<boolean> {
    const keys = neighbourKeys(watched)
    const seen = keys.size > 0 ? await this.network.neighbours() : new Map<string, Neighbour>()
    const nowMs = this.clock.nowMs()
    const looks = [...keys].map(([text, key]) => {
      const before = this.#neighbours.get(text)
      return { text, isNew: !before, ...lookAt(key, before ?? unknownNeighbour, seen.get(text), nowMs) }
    })
    this.#neighbours = new Map(looks.map(({ text, watch }) => [text, watch]))
    await this.#apply(looks.flatMap(({ action }) => action ?? []))
    return looks.some(({ isNew, action }) => isNew && action?.type === 'ask')
  }

  #report(watched: readonly [Address, Watched][]): void {
    const changed: Address[] = []
    for (const [rip, one] of watched) {
      const neighbour = one.way?.type === 'neighbour' ? this.#neighbours.get(neighbourKeyText(one.way.key)) : undefined
      const hop = one.way ? nextHopOf(one.way, neighbour?.mac) : 'unresolved'
      if (sameNextHop(hop, one.hop) || this.#watched.get(rip) !== one) continue
      one.hop = hop
      if (!this.#lingering.has(rip)) changed.push(rip)
    }
    if (changed.length > 0) this.#listener(changed)
  }

  async #apply(actions: readonly NeighbourAction[]): Promise<void> {
    if (actions.length === 0) return
    const refused = await this.network.apply(actions)
    if (refused !== '' && refused !== this.#refused) {
      this.logger.warn({ refused }, 'the kernel refused a neighbour, trying again')
    }
    this.#refused = refused
  }
}

function neighbourKeys(watched: readonly [Address, Watched][]): Map<string, NeighbourKey> {
  const keys = watched.flatMap(([, { way }]) => (way?.type === 'neighbour' ? [way.key] : []))
  return new Map(keys.map((key) => [neighbourKeyText(key), key]))
}
