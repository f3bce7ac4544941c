import type { Rates } from '../api/protocol.js'
import { type ServerKey, serverKeyText } from '../core/real-server.js'
import { noTraffic, type Traffic } from '../core/traffic.js'
import { type ServiceKey, serviceKeyText } from '../core/virtual-service.js'
import type { ServiceIncrement } from '../dataplane/dataplane.js'

/** How often {@link Estimator.tick} has to be called; the scales below count on it. */
export const estimationIntervalMs = 2000

/** Rates that are not all 0. */
interface Tracked {
  readonly own: Estimate
  readonly servers: Map<string, Estimate>
}

/**
 * Rates that IPVS would show: averages of the last 8 s or so, in its fixed-point arithmetic (net/netfilter/ipvs/ip_vs_est.c).
 * What is idle costs nothing: it may be ten thousand services.
 */
export class Estimator {
  readonly #services = new Map<string, Tracked>()

  /** Two seconds have passed. @param rows what came in them. */
  tick(rows: readonly ServiceIncrement[]): void {
    const moved = new Map(rows.map((row) => [serviceKeyText(row.key), row]))
    for (const text of moved.keys()) {
      if (!this.#services.has(text)) this.#services.set(text, { own: new Estimate(), servers: new Map() })
    }
    for (const [text, { own, servers }] of this.#services) {
      const row = moved.get(text)
      own.tick(row?.traffic)
      const came = new Map(row?.servers.map((server) => [serverKeyText(server), server.traffic]))
      for (const key of came.keys()) if (!servers.has(key)) servers.set(key, new Estimate())
      for (const [key, estimate] of servers) {
        estimate.tick(came.get(key))
        if (estimate.isCold) servers.delete(key)
      }
      if (own.isCold && servers.size === 0) this.#services.delete(text)
    }
  }

  /** Rates count from 0 again: of one service with its servers, or of all. */
  zero(key?: ServiceKey): void {
    if (key) this.#services.delete(serviceKeyText(key))
    else this.#services.clear()
  }

  /** A server has left its service. */
  forget(key: ServiceKey, server: ServerKey): void {
    this.#services.get(serviceKeyText(key))?.servers.delete(serverKeyText(server))
  }

  /** Rates of a service and of its servers; 0 for what had no traffic. */
  rates(key: ServiceKey): { readonly own: Rates; server(key: ServerKey): Rates } {
    const tracked = this.#services.get(serviceKeyText(key))
    return {
      own: tracked?.own.rates() ?? noRates,
      server: (server) => tracked?.servers.get(serverKeyText(server))?.rates() ?? noRates,
    }
  }
}

const noRates: Rates = { cps: 0, inPps: 0, inBps: 0 }

/** Bits behind the point of the averages. */
const eventScale = 2 ** 10
const byteScale = 2 ** 5

/** One ip_vs_estimator. */
class Estimate {
  #cps = 0
  #inPps = 0
  #inBps = 0

  /** All averages are 0. */
  get isCold(): boolean {
    return this.#cps === 0 && this.#inPps === 0 && this.#inBps === 0
  }

  tick({ conns, inPackets, inBytes }: Traffic = noTraffic): void {
    this.#cps = average(this.#cps, conns, eventScale)
    this.#inPps = average(this.#inPps, inPackets, eventScale)
    this.#inBps = average(this.#inBps, inBytes, byteScale)
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
