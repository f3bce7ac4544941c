import type { Rates } from '../api/protocol.js'
import { type ServerKey, serverKeyText } from '../core/real-server.js'
import type { Traffic } from '../core/traffic.js'
import { type ServiceKey, serviceKeyText } from '../core/virtual-service.js'
import type { ServiceCounters } from '../dataplane/dataplane.js'

/** How often {@link Estimator.tick} has to be called; the scales below count on it. */
export const estimationIntervalMs = 2000

interface Tracked {
  readonly own: Estimate
  readonly servers: Map<string, Estimate>
}

/** A service's own estimate and those of its servers. */
function* estimatesOf({ own, servers }: Tracked): Iterable<Estimate> {
  yield own
  yield* servers.values()
}

/** Rates that IPVS would show: averages of the last 8 s or so, in its fixed-point arithmetic (net/netfilter/ipvs/ip_vs_est.c). */
export class Estimator {
  readonly #services = new Map<string, Tracked>()
  /** Those whose rates are not all 0. The others are left alone while they have no traffic: they may be ten thousand. */
  readonly #warm = new Set<Tracked>()

  /** Starts to estimate services and servers that are new, from the traffic that they have had. */
  track(rows: Iterable<ServiceCounters>): void {
    for (const row of rows) this.#tracked(row)
  }

  /** Two seconds have passed. @param rows services that had traffic in them; the others had none. */
  tick(rows: Iterable<ServiceCounters>): void {
    const idle = new Set(this.#warm)
    for (const row of rows) {
      const tracked = this.#tracked(row)
      tracked.own.tick(row.traffic)
      for (const server of row.servers) tracked.servers.get(serverKeyText(server))?.tick(server.traffic)
      this.#warm.add(tracked)
      idle.delete(tracked)
    }
    for (const tracked of idle) for (const estimate of estimatesOf(tracked)) estimate.idle()
    for (const tracked of this.#warm)
      if ([...estimatesOf(tracked)].every(({ isCold }) => isCold)) this.#warm.delete(tracked)
  }

  /** Traffic counts from 0 again, and so do rates: of one service with its servers, or of all. */
  zero(key?: ServiceKey): void {
    const chosen = key ? [this.#services.get(serviceKeyText(key))] : this.#services.values()
    for (const tracked of chosen) {
      for (const estimate of tracked ? estimatesOf(tracked) : []) estimate.zero()
    }
  }

  /** Forgets a service, or one server of it. */
  forget(key: ServiceKey, server?: ServerKey): void {
    const text = serviceKeyText(key)
    const tracked = this.#services.get(text)
    if (!tracked) return
    if (server) {
      tracked.servers.delete(serverKeyText(server))
    } else {
      this.#services.delete(text)
      this.#warm.delete(tracked)
    }
  }

  /** Rates of a service and of its servers; 0 for what is not tracked. */
  rates(key: ServiceKey): { readonly own: Rates; server(key: ServerKey): Rates } {
    const tracked = this.#services.get(serviceKeyText(key))
    return {
      own: tracked?.own.rates() ?? noRates,
      server: (server) => tracked?.servers.get(serverKeyText(server))?.rates() ?? noRates,
    }
  }

  #tracked(row: ServiceCounters): Tracked {
    const text = serviceKeyText(row.key)
    const tracked = this.#services.get(text) ?? { own: new Estimate(row.traffic), servers: new Map() }
    this.#services.set(text, tracked)
    for (const server of row.servers) {
      const key = serverKeyText(server)
      if (!tracked.servers.has(key)) tracked.servers.set(key, new Estimate(server.traffic))
    }
    return tracked
  }
}

const noRates: Rates = { cps: 0, inPps: 0, inBps: 0 }

/** Bits behind the point of the averages. */
const eventScale = 2 ** 10
const byteScale = 2 ** 5

/** One ip_vs_estimator. */
class Estimate {
  // Not the Traffic itself: fifty thousand that live for one interval each would be the collector's work.
  #conns: number
  #packets: number
  #bytes: number
  #cps = 0
  #inPps = 0
  #inBps = 0

  constructor({ conns, inPackets, inBytes }: Traffic) {
    this.#conns = conns
    this.#packets = inPackets
    this.#bytes = inBytes
  }

  /** All averages are 0, or below, where they stay without traffic. */
  get isCold(): boolean {
    return this.#cps <= 0 && this.#inPps <= 0 && this.#inBps <= 0
  }

  /** A tick without traffic. */
  idle(): void {
    this.#cps = average(this.#cps, 0, eventScale)
    this.#inPps = average(this.#inPps, 0, eventScale)
    this.#inBps = average(this.#inBps, 0, byteScale)
  }

  tick({ conns, inPackets, inBytes }: Traffic): void {
    this.#cps = average(this.#cps, conns - this.#conns, eventScale)
    this.#inPps = average(this.#inPps, inPackets - this.#packets, eventScale)
    this.#inBps = average(this.#inBps, inBytes - this.#bytes, byteScale)
    this.#conns = conns
    this.#packets = inPackets
    this.#bytes = inBytes
  }

  zero(): void {
    this.#conns = this.#packets = this.#bytes = 0
    this.#cps = this.#inPps = this.#inBps = 0
  }

  rates(): Rates {
    return {
      cps: shown(this.#cps, eventScale),
      inPps: shown(this.#inPps, eventScale),
      inBps: shown(this.#inBps, byteScale),
    }
  }
}

/** `avg += (rate - avg) >> 2`, the rate being what came in two seconds. */
function average(avg: number, cameIn: number, scale: number): number {
  return avg + Math.floor((cameIn * (scale / 2) - avg) / 4)
}

/** ip_vs_read_estimator: `(avg + 0x1FF) >> 10`, `(avg + 0xF) >> 5`. */
function shown(avg: number, scale: number): number {
  return Math.floor((avg + scale / 2 - 1) / scale)
}
