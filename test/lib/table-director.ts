/** A director for tests: its tables, its control side, and a clock that stands until it is moved. */
import { type Address, addressToNumber } from '../../src/core/address.js'
import type { Clock } from '../../src/core/clock.js'
import { type ConnectionState, connectionStates, defaultTimeouts } from '../../src/core/connection.js'
import type { RealServer } from '../../src/core/real-server.js'
import { type Protocol, type ServiceKey, serviceKeyText, type VirtualService } from '../../src/core/virtual-service.js'
import {
  configLayout,
  connLayout,
  held as heldKinds,
  type ServerCountsStruct,
  serverCountsLayout,
  sharedConstant,
} from '../../src/dataplane/tables/layout.gen.js'
import { MappedArray } from '../../src/dataplane/tables/mapped-array.js'
import { Settings } from '../../src/dataplane/tables/settings.js'
import { type DirectorMaps, TableDataplane } from '../../src/dataplane/tables/table-dataplane.js'
import { nextPlan, type PlanInForce, planFound } from '../../src/director/planner.js'
import { protocolNumbers } from './packet.js'

/** What became of a frame. */
export interface Sent {
  /** Name of the one verdict that was counted. */
  readonly verdict: string
  readonly frame: Buffer
}

/** A connection's identity. */
export interface Flow {
  readonly protocol: Protocol
  readonly cip: Address
  readonly cport: number
  readonly vip: Address
  readonly vport: number
}

/** A connection as it stands in the table, expired or not. */
export interface TableEntry {
  readonly state: ConnectionState
  readonly assured: boolean
  /** enum held. */
  readonly held: number
  /** Tick. */
  readonly expires: number
  /** Index of its real server. */
  readonly server: number
}

/** A count of the connection table, entry by entry. */
export interface Tally {
  /** Entries that hold a connection, expired or not. */
  readonly occupied: number
  /** Different tuples among them. */
  readonly distinct: number
  /** By index of the real server. */
  readonly held: ReadonlyMap<number, ServerCountsStruct>
}

/** A tick of the packets' clock. */
export const nsPerTick = 2n ** BigInt(sharedConstant.TICK_SHIFT)

export abstract class TableDirector<Maps extends DirectorMaps = DirectorMaps> {
  /** Milliseconds of the packets' clock. */
  readonly clock: Clock
  #nowNs: bigint
  readonly #config: DataView
  readonly #conns: DataView
  readonly #plans = new Map<string, PlanInForce>()
  #dataplane: TableDataplane

  constructor(
    readonly name: string,
    readonly maps: Maps,
    startTick: number,
  ) {
    this.#nowNs = BigInt(startTick) * nsPerTick
    this.#config = maps.config.view()
    this.#conns = maps.conns.view()
    this.clock = {
      nowMs: () => Number(this.#now() / 1_000_000n),
      after: () => {
        throw new Error('the data plane sets no timers')
      },
    }
    // Seeded, so that a failing test can be repeated.
    new Settings(maps.config).initialise(maps.conns.info.maxEntries, Buffer.alloc(16, 0xa5), defaultTimeouts)
    this.#config.setUint32(configLayout.offsets.now, ticksOf(this.#nowNs), true)
    this.#dataplane = this.#adopt()
  }

  /** Gives a frame to the program. The default interface is loopback, number 1. */
  abstract send(data: Uint8Array, ingressIfindex?: number): Sent

  /** Lets time pass, which the sweeper would tell packets, as it would how many connections are assured; but sweeps nothing. */
  advanceTicks(ticks: number): void {
    this.#advance(BigInt(ticks) * nsPerTick)
  }

  advance(seconds: number): void {
    this.#advance(BigInt(Math.round(seconds * 1e9)))
  }

  #advance(ns: bigint): void {
    this.#nowNs = this.#now() + ns
    this.#config.setUint32(configLayout.offsets.now, ticksOf(this.#nowNs), true)
    this.#config.setUint32(configLayout.offsets.assured, this.#dataplane.stats().connections.assured, true)
  }

  /** In nanoseconds. The clock is what the tables say, which a test may put back to what they were. */
  #now(): bigint {
    const drift = (this.#config.getUint32(configLayout.offsets.now, true) - ticksOf(this.#nowNs)) | 0
    this.#nowNs += BigInt(drift) * nsPerTick
    return this.#nowNs
  }

  get dataplane(): TableDataplane {
    return this.#dataplane
  }

  /** As entries have it: 32 bits. */
  nowTicks(): number {
    return ticksOf(this.#now())
  }

  /** Forgets all that userspace knew and starts over from the maps, as a new daemon does. */
  restart(): void {
    this.#dataplane = this.#adopt()
    this.#plans.clear()
    for (const { service, servers, plan } of this.#dataplane.services()) {
      this.#plans.set(serviceKeyText(service), planFound({ service, servers }, plan))
    }
  }

  #adopt(): TableDataplane {
    const { name, maps, clock } = this
    return new TableDataplane({
      name,
      supports: { survivesProcess: true, deliversLocally: true },
      maps,
      clock,
      interfaces: { list: () => [], upkeep: () => {} },
      close: () => {},
      nowTicks: () => this.nowTicks(),
    })
  }

  /** Plans and installs a service as the reconciler does. */
  install(service: VirtualService, servers: readonly RealServer[]): void {
    const key = serviceKeyText(service)
    const before = this.#plans.get(key)
    const hops = this.#dataplane.nextHops()
    const inForce = nextPlan(
      { service, servers },
      ({ rip, weight }) => weight > 0 && (hops.get(rip) ?? 'unresolved') !== 'unresolved',
      before && { ...before, picks: this.#dataplane.picks(service) },
    )
    this.#dataplane.setService({ service, servers, plan: inForce.plan })
    this.#plans.set(key, inForce)
  }

  remove(key: ServiceKey): void {
    this.#dataplane.removeService(key)
    this.#plans.delete(serviceKeyText(key))
  }

  /** Connections of each server in the list, `active/inactive`, by address. */
  counts(key: ServiceKey): Record<Address, string> {
    const [row] = this.#dataplane.counters(key)
    return Object.fromEntries(row?.servers.map(({ rip, active, inactive }) => [rip, `${active}/${inactive}`]) ?? [])
  }

  /** The flow's entries in the table; of expired and given-back ones the words remain. */
  entries(flow: Flow): TableEntry[] {
    return this.#slotsOf(flow).map((offset) =>
      entryFrom(this.#conns.getBigUint64(offset + control, true), this.#server(offset)),
    )
  }

  /** The only entry of a flow that holds a connection. @throws Error if there is none, or several. */
  entry(flow: Flow): TableEntry {
    const held = this.entries(flow).filter(({ held }) => held !== 0)
    const [entry] = held
    if (!entry || held.length > 1) throw new Error(`${held.length} entries of ${JSON.stringify(flow)}`)
    return entry
  }

  /** Puts the flow's connection into a state; all else of it stays. */
  setState(flow: Flow, state: ConnectionState): void {
    for (const offset of this.#slotsOf(flow)) {
      this.#conns.setUint8(offset + control + 1, connectionStates.indexOf(state))
    }
  }

  /** Entries that hold a connection, expired or not. */
  get occupied(): number {
    return this.tally().occupied
  }

  /** What the table itself says about who holds what. */
  tally(): Tally {
    const held = new Map<number, { active: number; inactive: number }>()
    const tuples = new Set<string>()
    const bytes = Buffer.from(this.#conns.buffer, this.#conns.byteOffset, this.#conns.byteLength)
    let occupied = 0
    for (let offset = 0; offset < bytes.length; offset += connLayout.size) {
      const kind = (bytes[offset + control] ?? 0) & sharedConstant.CONN_HELD
      if (kind === heldKinds.NOTHING) continue
      const server = this.#server(offset)
      const counts = held.get(server) ?? { active: 0, inactive: 0 }
      counts[kind === heldKinds.ACTIVE ? 'active' : 'inactive']++
      held.set(server, counts)
      tuples.add(bytes.toString('latin1', offset, offset + 12) + bytes[offset + connLayout.offsets.owner + 3])
      occupied++
    }
    return { occupied, distinct: tuples.size, held }
  }

  /** The counts that schedulers read, of the server in a slot. */
  serverCounts(slot: number): ServerCountsStruct {
    return new MappedArray(this.maps.serverCounts, serverCountsLayout).get(slot)
  }

  #server(offset: number): number {
    return this.#conns.getUint32(offset + connLayout.offsets.owner, true) & 0xffffff
  }

  #slotsOf({ protocol, cip, cport, vip, vport }: Flow): number[] {
    const wanted = Buffer.alloc(12)
    wanted.writeUInt32BE(addressToNumber(cip), 0)
    wanted.writeUInt32BE(addressToNumber(vip), 4)
    wanted.writeUInt16BE(cport, 8)
    wanted.writeUInt16BE(vport, 10)
    const bytes = Buffer.from(this.#conns.buffer, this.#conns.byteOffset, this.#conns.byteLength)
    const found: number[] = []
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
      const isSlot = at % connLayout.size === 0
      if (isSlot && bytes[at + connLayout.offsets.owner + 3] === protocolNumbers[protocol]) found.push(at)
    }
    return found
  }
}

const { control } = connLayout.offsets

function ticksOf(ns: bigint): number {
  return Number(BigInt.asUintN(32, ns / nsPerTick))
}

function entryFrom(word: bigint, server: number): TableEntry {
  const low = Number(word & 0xffffn)
  return {
    state: connectionStates[low >>> 8] ?? 'NONE',
    held: low & sharedConstant.CONN_HELD,
    assured: (low & sharedConstant.CONN_ASSURED) !== 0,
    expires: Number(word >> 32n),
    server,
  }
}
