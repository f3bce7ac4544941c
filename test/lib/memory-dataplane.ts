/** A data plane for tests of what stands above it: the real packet path in memory, on a clock that the test moves. */
import type { Address } from '../../src/core/address.js'
import { defaultTimeouts, type Timeouts } from '../../src/core/connection.js'
import type { NextHop } from '../../src/core/next-hop.js'
import type { Traffic } from '../../src/core/traffic.js'
import { type ServiceKey, serviceKeyText } from '../../src/core/virtual-service.js'
import type { ServiceEntry } from '../../src/dataplane/dataplane.js'
import { Settings } from '../../src/dataplane/tables/settings.js'
import { TableDataplane } from '../../src/dataplane/tables/table-dataplane.js'
import { DirectorModule } from '../../src/dataplane/wasm/module.js'
import { hopTo } from './fake-next-hops.js'
import { ManualClock } from './manual-clock.js'
import { frame, type TcpFlags } from './packet.js'
import { frameBytes, sendFrame } from './send-frame.js'
import { nsPerTick, type Sent } from './table-director.js'

type Write =
  | 'setOwnMacs'
  | 'setService'
  | 'removeService'
  | 'setNextHop'
  | 'zero'
  | 'setDeparted'
  | 'setTimeouts'
  | 'collect'

interface Cue {
  readonly error: Error
  readonly write: Write | undefined
}

/** Who sends packets to a service. */
export interface Client {
  readonly key: ServiceKey
  readonly cport: number
}

/** Length of clients' packets from the IP header on. */
export const clientPacketBytes = 64

export interface MemoryDataplaneParts {
  readonly clock?: ManualClock
  /** Sets of the connection table, a power of two; each has 8 slots. */
  readonly sets?: number
  /** Of an earlier one. */
  readonly module?: DirectorModule
}

/** Tells what was written to it, and fails on cue. */
export class MemoryDataplane extends TableDataplane {
  /** Every write that was carried out, in order: `setService tcp 192.0.2.10:80`. */
  readonly writes: string[] = []
  readonly clock: ManualClock
  readonly module: DirectorModule
  readonly #cues: Cue[] = []
  #clients = 0

  constructor({ clock = new ManualClock(), sets = 128, module = emptyModule(sets) }: MemoryDataplaneParts = {}) {
    super({
      name: 'memory',
      supports: { survivesProcess: true, deliversLocally: true },
      maps: module.maps,
      clock,
      interfaces: { list: () => [{ name: 'memory0', mode: 'native' }], upkeep: () => {} },
      close: () => {},
      nowTicks: () => ticks(clock),
    })
    this.clock = clock
    this.module = module
  }

  /** The data plane as the next process finds it: all that is known is what the tables say. */
  reopen(): MemoryDataplane {
    const reopened = new MemoryDataplane(this)
    reopened.#clients = this.#clients
    return reopened
  }

  /** The next write, or the next one of that kind, throws the error and changes nothing. */
  failNext(error: Error, write?: Write): void {
    this.#cues.push({ error, write })
  }

  /** What is installed for one service. */
  service(key: ServiceKey): ServiceEntry | undefined {
    return [...this.services()].find(({ service }) => serviceKeyText(service) === serviceKeyText(key))
  }

  /** A frame comes in, on the interface behind which servers are. */
  receive(data: Uint8Array): Sent {
    this.module.now = ticks(this.clock)
    return sendFrame(this.module, data, hopTo(1).ifindex)
  }

  /** New clients send their first packets to a service. */
  connect(key: ServiceKey, clients = 1): Client[] {
    return Array.from({ length: clients }, () => {
      const client = { key, cport: 1024 + this.#clients++ }
      this.send(client, 'S')
      return client
    })
  }

  /** One packet of a client. @param flags where it is a TCP segment. */
  send({ key: { protocol, vip, vport: dport }, cport: sport }: Client, flags: TcpFlags = 'A'): Sent {
    const ip = { destination: vip }
    const payload = (headers: number) => Buffer.alloc(clientPacketBytes - headers)
    return this.receive(
      protocol === 'tcp'
        ? frame({ ip, tcp: { sport, dport, flags }, payload: payload(40) })
        : frame({ ip, udp: { sport, dport }, payload: payload(28) }),
    )
  }

  override setService(entry: ServiceEntry): void {
    this.#write('setService', serviceKeyText(entry.service), () => super.setService(entry))
  }

  override removeService(key: ServiceKey): void {
    this.#write('removeService', serviceKeyText(key), () => super.removeService(key))
  }

  override setNextHop(rip: Address, hop: NextHop): void {
    this.#write('setNextHop', rip, () => super.setNextHop(rip, hop))
  }

  override setOwnMacs(macs: readonly string[]): void {
    this.#write('setOwnMacs', macs.join(' '), () => super.setOwnMacs(macs))
  }

  override zero(key?: ServiceKey): void {
    this.#write('zero', key ? serviceKeyText(key) : 'all', () => super.zero(key))
  }

  override setDeparted(traffic: Traffic): void {
    this.#write('setDeparted', String(traffic.conns), () => super.setDeparted(traffic))
  }

  override setTimeouts(timeouts: Timeouts): void {
    this.#write('setTimeouts', Object.values(timeouts).join(' '), () => super.setTimeouts(timeouts))
  }

  override collect(): void {
    this.#write('collect', '', () => super.collect())
  }

  #write(write: Write, what: string, carryOut: () => void): void {
    const at = this.#cues.findIndex((cue) => cue.write === undefined || cue.write === write)
    const [cue] = at < 0 ? [] : this.#cues.splice(at, 1)
    if (cue) throw cue.error
    carryOut()
    this.writes.push(`${write} ${what}`.trim())
  }
}

function emptyModule(sets: number): DirectorModule {
  const module = new DirectorModule({ sizes: { conns: { maxEntries: sets } }, packetBytes: frameBytes })
  // Seeded, so that a failing test can be repeated.
  new Settings(module.maps.config).initialise(sets, Buffer.alloc(16, 0xa5), defaultTimeouts)
  return module
}

function ticks(clock: ManualClock): number {
  return Number((BigInt(clock.nowMs()) * 1_000_000n) / nsPerTick)
}
