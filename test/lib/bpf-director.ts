/**
 * director.bpf.c as it is built for tests: in the kernel, on maps of its own, with a clock that
 * stands until it is moved. Frames go in by BPF_PROG_TEST_RUN.
 */
import { type BpfMap, BpfObject, type BpfProgram, type TestRunResult, xdpActions } from '../../src/bpf/index.js'
import { type Address, addressToNumber } from '../../src/core/address.js'
import type { Clock } from '../../src/core/clock.js'
import { type ConnectionState, connectionStates, defaultTimeouts } from '../../src/core/connection.js'
import type { RealServer } from '../../src/core/real-server.js'
import { type Protocol, type ServiceKey, serviceKeyText, type VirtualService } from '../../src/core/virtual-service.js'
import {
  connLayout,
  held as heldKinds,
  type ServerCountsStruct,
  serverCountsLayout,
  sharedConstant,
  maps as specs,
} from '../../src/dataplane/xdp/layout.gen.js'
import { MappedArray } from '../../src/dataplane/xdp/mapped-array.js'
import { Settings } from '../../src/dataplane/xdp/settings.js'
import { type DirectorMaps, XdpDataplane } from '../../src/dataplane/xdp/xdp-dataplane.js'
import { nextPlan, type PlanInForce, planFound } from '../../src/director/planner.js'
import { checkoutFile } from './checkout.js'
import { protocolNumbers } from './packet.js'

/** A tick of the programs' clock. */
const nsPerTick = 2n ** BigInt(sharedConstant.TICK_SHIFT)

export interface BpfDirectorOptions {
  /** Sets of the connection table, a power of two; each has 8 slots. */
  readonly sets?: number
  /** `director-races`: another CPU comes between (test/bpf/races.h). Default: `director`. */
  readonly object?: 'director' | 'director-races'
  /** What the clock shows at first, in ticks. */
  readonly startTick?: number
  /** Entries of maps that shall be smaller than bpf/config.h has them. */
  readonly capacities?: Partial<Record<keyof DirectorMaps, number>>
}

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

export class BpfDirector {
  readonly object: BpfObject
  readonly program: BpfProgram
  readonly maps: DirectorMaps
  /** Milliseconds of the packets' clock. */
  readonly clock: Clock
  readonly #now: BigUint64Array
  readonly #conns: DataView
  readonly #plans = new Map<string, PlanInForce>()
  #dataplane: XdpDataplane

  constructor({ object = 'director', sets = 128, startTick = 1000, capacities = {} }: BpfDirectorOptions = {}) {
    this.object = BpfObject.open(checkoutFile(`build/test/bpf/${object}.bpf.o`))
    for (const [map, entries] of Object.entries({ ...capacities, conns: sets })) {
      this.object.setMaxEntries(specs[map as keyof DirectorMaps].name, entries)
    }
    this.object.load()
    this.program = this.object.program('director')
    this.maps = Object.fromEntries(
      Object.entries(specs).map(([key, { name }]) => [key, this.object.map(name)]),
    ) as Record<keyof typeof specs, BpfMap>
    this.#now = new BigUint64Array(this.object.map('fake_clock').mmap())
    this.#now[0] = BigInt(startTick) * nsPerTick
    this.#conns = new DataView(this.maps.conns.mmap())
    this.clock = {
      nowMs: () => Number(this.#nowNs() / 1_000_000n),
      after: () => {
        throw new Error('the data plane sets no timers')
      },
    }
    // Seeded, so that a failing test can be repeated.
    new Settings(this.maps.config).initialise(sets, Buffer.alloc(16, 0xa5), defaultTimeouts)
    this.#dataplane = this.#adopt()
  }

  get dataplane(): XdpDataplane {
    return this.#dataplane
  }

  /** Forgets all that userspace knew and starts over from the maps, as a new daemon does. */
  restart(): void {
    this.#dataplane = this.#adopt()
    this.#plans.clear()
    for (const { service, servers, plan } of this.#dataplane.services()) {
      this.#plans.set(serviceKeyText(service), planFound({ service, servers }, plan))
    }
  }

  #adopt(): XdpDataplane {
    const { maps, clock } = this
    return new XdpDataplane({
      maps,
      clock,
      interfaces: { list: () => [], upkeep: () => {} },
      close: () => {},
      nowTicks: () => this.nowTicks(),
    })
  }

  close(): void {
    this.object.close()
  }

  #nowNs(): bigint {
    return this.#now[0] ?? 0n
  }

  /** As entries have it: 32 bits. */
  nowTicks(): number {
    return Number(BigInt.asUintN(32, this.#nowNs() / nsPerTick))
  }

  advanceTicks(ticks: number): void {
    this.#now[0] = this.#nowNs() + BigInt(ticks) * nsPerTick
  }

  advance(seconds: number): void {
    this.#now[0] = this.#nowNs() + BigInt(Math.round(seconds * 1e9))
  }

  /** Gives a frame to the program; the default interface is loopback, number 1. */
  run(data: Uint8Array, ingressIfindex?: number): TestRunResult {
    return this.program.testRun({ data, ...(ingressIfindex !== undefined && { ingressIfindex }) })
  }

  /**
   * {@link run}, and the verdict.
   * @throws Error unless the packet was given one verdict, the action is the verdict's, and a packet for the kernel came out as it went in.
   */
  send(data: Uint8Array, ingressIfindex?: number): Sent {
    const before = this.#verdicts()
    const { retval, data: out } = this.run(data, ingressIfindex)
    const after = this.#verdicts()
    const counted = [...after].filter(([name, packets]) => packets !== before.get(name))
    const [[verdict, packets] = ['none', 0]] = counted
    if (counted.length !== 1 || packets !== (before.get(verdict) ?? 0) + 1) {
      throw new Error(`one packet was counted as ${JSON.stringify(counted)}`)
    }
    if (retval !== xdpActions[actionOf(verdict)]) throw new Error(`${verdict}: the program returned ${retval}`)
    if (retval === xdpActions.pass && Buffer.compare(out, data) !== 0) {
      throw new Error(`${verdict}: the packet was changed from ${Buffer.from(data).toString('hex')}`)
    }
    return { verdict, frame: out }
  }

  #verdicts(): ReadonlyMap<string, number> {
    return this.#dataplane.stats().verdicts
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
    const bytes = Buffer.from(this.#conns.buffer)
    let occupied = 0
    for (let offset = 0; offset < bytes.length; offset += connLayout.size) {
      const kind = bytes[offset + control]
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
    const bytes = Buffer.from(this.#conns.buffer)
    const found: number[] = []
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
      const isSlot = at % connLayout.size === 0
      if (isSlot && bytes[at + connLayout.offsets.owner + 3] === protocolNumbers[protocol]) found.push(at)
    }
    return found
  }
}

const { control } = connLayout.offsets

function entryFrom(word: bigint, server: number): TableEntry {
  const low = Number(word & 0xffffn)
  return {
    state: connectionStates[low >>> 8] ?? 'NONE',
    held: low & 0xff,
    expires: Number(word >> 32n),
    server,
  }
}

function actionOf(verdict: string): keyof typeof xdpActions {
  if (/^(pass|malformed)_/.test(verdict)) return 'pass'
  if (/^drop_/.test(verdict)) return 'drop'
  return verdict.endsWith('_redirect') ? 'redirect' : 'tx'
}
