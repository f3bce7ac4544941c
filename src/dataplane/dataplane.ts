import type { Address } from '../core/address.js'
import type { Connection, Timeouts } from '../core/connection.js'
import type { NextHop } from '../core/next-hop.js'
import type { RealServer, ServerKey } from '../core/real-server.js'
import type { Traffic } from '../core/traffic.js'
import type { ServiceKey, VirtualService } from '../core/virtual-service.js'
import type { SchedulePlan } from '../scheduler/scheduler.js'

/** What a data plane can do; asking for the rest throws UnsupportedError. */
export interface Capabilities {
  /** Forwarding goes on when the process ends. */
  readonly survivesProcess: boolean
  /** The director can be a real server itself (IPVS's Local). */
  readonly deliversLocally: boolean
}

/** Something better than what runs, and why it does not run. */
export interface Refusal {
  /** `native XDP on eth0`. */
  readonly what: string
  readonly reason: string
}

/** A service as the data plane holds it. */
export interface ServiceEntry {
  readonly service: VirtualService
  /** Newest first: the order in which ties are broken. Plans name servers by position in it. */
  readonly servers: readonly RealServer[]
  readonly plan: SchedulePlan
}

/** Counts and traffic of one real server of one service. */
export interface ServerCounters {
  readonly rip: Address
  readonly rport: number
  readonly active: number
  readonly inactive: number
  readonly traffic: Traffic
}

/** Counts and traffic of one service; its own traffic includes that of servers removed since. */
export interface ServiceCounters {
  readonly key: ServiceKey
  readonly traffic: Traffic
  /** In the order of the service's list. */
  readonly servers: readonly ServerCounters[]
}

/** What came to one service since a former look. */
export interface ServiceIncrement {
  readonly key: ServiceKey
  readonly traffic: Traffic
  /** Those of its servers that had any of it, in no order. */
  readonly servers: readonly (ServerKey & { readonly traffic: Traffic })[]
}

/** Assured connections of a service, one that is removed included: they give way to no others. */
export interface ServiceShare {
  readonly service: ServiceKey
  readonly assured: number
}

/** Figures of the whole data plane. */
export interface DataplaneStats {
  /** Packets by verdict, in the order of enum verdict; the names are its, in lower case, without the prefix. */
  readonly verdicts: ReadonlyMap<string, number>
  readonly connections: {
    readonly inUse: number
    readonly capacity: number
    readonly evicted: number
    readonly expired: number
    /** Those that give way to no others. */
    readonly assured: number
    /** No service gets more assured ones than shareLimit then. */
    readonly nearlyFull: boolean
    /** Absent if a service may have all. */
    readonly shareLimit?: number
    /** The service with the most assured ones; absent if none has any. */
    readonly largest?: ServiceShare
  }
  readonly interfaces: readonly { readonly name: string; readonly mode: string }[]
}

/**
 * Where packets are forwarded. One caller, the reconciler, writes; reads disturb nothing. Indexes,
 * ids and memory are the data plane's own business.
 */
export interface Dataplane {
  readonly name: string
  readonly supports: Capabilities

  /**
   * Installs a whole service, its servers and its plan: idempotent, all or nothing. Established
   * connections never move; a server that is no longer in the list keeps its connections (packets
   * for them are dropped), and gets them back when it returns.
   * @throws DirectorError NO_SPACE when it is full.
   */
  setService(entry: ServiceEntry): void
  /** Absent is no error. */
  removeService(key: ServiceKey): void
  /** What is installed, with the plan in force; order unspecified. */
  services(): Iterable<ServiceEntry>
  /** Picks made since the service's plan was installed; 0 for a service that is not there. */
  picks(key: ServiceKey): number

  /**
   * Says how an address of real servers is reached; in force for all services at once. May precede the service that names the
   * address: it lasts until collect() finds that none does.
   */
  setNextHop(rip: Address, hop: NextHop): void
  /** The ways in force; addresses never set are absent. */
  nextHops(): ReadonlyMap<Address, NextHop>

  /** Hardware addresses of the director: from now on frames for others pass untouched. Until told any, it takes all. */
  setOwnMacs(macs: readonly string[]): void

  /** One row for each service, or for each of those asked for (none for one that is absent). */
  counters(...keys: readonly ServiceKey[]): Iterable<ServiceCounters>
  /** Services that had traffic since this was asked last, and how much. For one caller, who asks again and again. */
  moved(): readonly ServiceIncrement[]
  /** From now on traffic counts from 0, for one service with its servers or for all. */
  zero(key?: ServiceKey): void
  /** Traffic that was set last: kept for the director, for as long as the data plane lives. */
  departed(): Traffic
  setDeparted(traffic: Traffic): void
  /** Slots of the connection table. */
  readonly tableSize: number
  stats(): DataplaneStats
  connections(): AsyncIterable<Connection>

  /** Percent of the table that one service's assured connections may have while it is nearly full; 100: all. In force at once. */
  setServiceShare(percent: number): void
  /** In force from each connection's next packet on. */
  setTimeouts(timeouts: Timeouts): void
  timeouts(): Timeouts

  /** Resolves when what was told so far is in force, or will not be very soon. */
  settled(): Promise<void>

  /** Gives servers and services whose last connection has gone back to the free ones. Called every few seconds. */
  collect(): void
  /** Ends this process's use of it; forwarding goes on where supports.survivesProcess. */
  close(): Promise<void>
}
