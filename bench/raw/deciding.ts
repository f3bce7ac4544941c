/** What the packet path takes for a datagram that raw sockets have received, in ns: the module alone, in batches. */
import { systemClock } from '../../src/core/clock.js'
import { defaultTimeouts } from '../../src/core/connection.js'
import { DatagramMemory, datagramBytes } from '../../src/dataplane/raw/datagram-memory.js'
import { sharedConstant, verdict } from '../../src/dataplane/tables/layout.gen.js'
import { Settings } from '../../src/dataplane/tables/settings.js'
import { TableDataplane } from '../../src/dataplane/tables/table-dataplane.js'
import { setsFor } from '../../src/dataplane/tables/table-size.js'
import { DirectorModule } from '../../src/dataplane/wasm/module.js'
import { wlc } from '../../src/scheduler/wlc.js'
import { packet, type TcpFlags } from '../../test/lib/packet.js'
import { BenchError } from '../error.js'
import { median } from '../statistics.js'
import { scatteringStride } from '../stride.js'
import { dip, directorMac, flowSource, servers, vip, vport } from '../traffic.js'

const looks = 20
const ifindex = 1
const mtu = 1500
/** Of the first flow; as long as they are from one address the next ones differ in their port. */
const { address, port } = flowSource(0)
/** Behind an IP header without options. */
const portAt = 20

/** A module with one service of wlc, and as many connections as are asked for. */
export class Deciding {
  readonly #module: DirectorModule
  readonly #memory: DatagramMemory
  readonly #stride: number
  readonly #expected: number
  #flow = 0

  constructor(
    sending: 'route' | 'tunnel',
    private readonly connections: number,
  ) {
    const sets = setsFor(2 * connections)
    this.#module = new DirectorModule({ sizes: { conns: { maxEntries: sets } }, packetBytes: datagramBytes })
    this.#memory = new DatagramMemory(this.#module)
    this.#stride = scatteringStride(connections)
    this.#expected = sending === 'route' ? verdict.ROUTE_TX : verdict.TUNNEL_TX
    install(this.#module, sets, sending)
    for (const flags of ['S', 'A'] as const) this.#run(connections, flags, true)
  }

  /** @returns ns for a packet, less what it takes to put it there: the median of many looks, in turns. */
  measure(packets: number): number {
    const each = Math.ceil(packets / looks)
    const difference = () => this.#run(each, 'A', true) - this.#run(each, 'A', false)
    return median(Array.from({ length: looks }, difference)) / each
  }

  /** @returns how long it took, in ns. */
  #run(packets: number, flags: TcpFlags, decides: boolean): number {
    const template = packet({ ip: { source: address, destination: vip }, tcp: { dport: vport, flags } })
    const started = process.hrtime.bigint()
    for (let left = packets; left > 0; left -= sharedConstant.BATCH_SIZE) {
      const count = Math.min(left, sharedConstant.BATCH_SIZE)
      this.#fill(template, count)
      if (!decides) continue
      this.#module.decide('datagrams', count, ifindex)
      const [given] = this.#module.batch.verdicts
      if (given !== this.#expected) throw new BenchError(`a packet was given verdict ${given}, not ${this.#expected}`)
    }
    return Number(process.hrtime.bigint() - started)
  }

  #fill(template: Buffer, count: number): void {
    const { bytes, offsets, lengths } = this.#memory
    const { mustFit } = this.#module.batch
    this.#memory.prepare()
    for (let i = 0; i < count; i++) {
      const at = offsets[i] as number
      bytes.set(template, at)
      bytes.writeUInt16BE(port + this.#flow, at + portAt)
      lengths[i] = template.length
      mustFit[i] = mtu
      this.#flow = (this.#flow + this.#stride) % this.connections
    }
  }
}

function install(module: DirectorModule, sets: number, forwarding: 'route' | 'tunnel'): void {
  const { maps } = module
  new Settings(maps.config).initialise(sets, Buffer.alloc(16, 0xa5), defaultTimeouts)
  module.now = 1000
  const dataplane = new TableDataplane({
    name: 'wasm',
    supports: { survivesProcess: false, deliversLocally: false },
    maps,
    clock: systemClock,
    interfaces: { list: () => [], upkeep: () => {} },
    close: () => {},
  })
  for (const { rip, mac: destinationMac } of servers) {
    dataplane.setNextHop(rip, { ifindex, sourceMac: directorMac, destinationMac, saddr: dip, mtu })
  }
  const realServers = servers.map(({ rip }) => ({ rip, rport: vport, forwarding, weight: 1 }))
  const plan = wlc.plan(realServers.map(({ weight }, index) => ({ index, weight })))
  dataplane.setService({ service: { protocol: 'tcp', vip, vport, scheduler: wlc.name }, servers: realServers, plan })
}
