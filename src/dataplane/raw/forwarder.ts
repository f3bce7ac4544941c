/** Datagrams in, datagrams out: the packet program on sockets. */
import { type Address, addressFromNumber } from '../../core/address.js'
import type { Logger } from '../../core/logger.js'
import { countVerdict } from '../sim/count.js'
import { ipHeaderLength } from '../sim/ipv4.js'
import { goOn, ipProtocol, Packet } from '../sim/packet.js'
import { parseNetwork } from '../sim/parse.js'
import { type Outcome, PacketProgram } from '../sim/program.js'
import type { Tables } from '../sim/tables.js'
import type { Way } from '../sim/way.js'
import { verdict } from '../tables/layout.gen.js'
import { cut } from './cut.js'
import type { DatagramSockets } from './datagram-sockets.js'
import { finishChecksum } from './offload.js'
import { resetOf } from './reset.js'

export interface ForwarderParts {
  readonly tables: Tables
  readonly sockets: DatagramSockets
  readonly nowTicks: () => number
  /** The longest packet that the network can have brought. A longer TCP segment was put together here. */
  readonly linkMtu: () => number
  readonly log: Logger
}

export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #program: PacketProgram
  readonly #packet = new Packet()
  /** By Way.rip: to make a text of it takes longer than to look it up. */
  readonly #addresses = new Map<number, Address>()
  #refused = 0
  #reason = ''

  constructor(parts: ForwarderParts) {
    this.#parts = parts
    this.#program = new PacketProgram(parts.tables)
  }

  /** @param datagram that came to this machine; it is written to. */
  readonly take = (datagram: Buffer): void => {
    const p = this.#packet
    let result = parseNetwork(p, datagram, 0)
    if (result === goOn) {
      p.isCut = !p.hasDf || (p.protocol === ipProtocol.TCP && p.ipLength > this.#parts.linkMtu())
      const outcome = this.#program.decide(p, this.#parts.nowTicks())
      this.#carryOut(outcome)
      result = outcome.verdict
    }
    countVerdict(this.#parts.tables, result)
  }

  /** Logs what could not be sent since this was called last. */
  report(): void {
    if (this.#refused === 0) return
    this.#parts.log.warn({ packets: this.#refused, reason: this.#reason }, 'the kernel did not take packets')
    this.#refused = 0
  }

  #carryOut({ verdict: given, packet, way, mtu = 0 }: Outcome): void {
    if (packet && way) this.#forward(packet, given === verdict.TUNNEL_TX, way, mtu)
    else if (packet) this.#answer(packet)
    else if (given === verdict.PASS_NO_CONN) {
      const reset = resetOf(this.#packet)
      if (reset) this.#answer(reset)
    }
  }

  #forward(packet: Buffer, isTunnelled: boolean, way: Way, mtu: number): void {
    const to = this.#addressOf(way)
    if (packet.length <= mtu) {
      finishChecksum(isTunnelled ? packet.subarray(ipHeaderLength) : packet)
      this.#try(() => this.#parts.sockets.send(packet, to))
    } else {
      cut(packet, isTunnelled, mtu, (piece) => this.#try(() => this.#parts.sockets.send(piece, to)))
    }
  }

  #answer(packet: Buffer): void {
    this.#try(() => this.#parts.sockets.answer(packet, addressFromNumber(packet.readUInt32BE(16))))
  }

  #addressOf({ rip }: Way): Address {
    const known = this.#addresses.get(rip)
    if (known !== undefined) return known
    const address = [0, 8, 16, 24].map((shift) => (rip >>> shift) & 0xff).join('.')
    this.#addresses.set(rip, address)
    return address
  }

  /** As a router does: what cannot be sent is lost. */
  #try(send: () => void): void {
    try {
      send()
    } catch (error) {
      this.#refused++
      this.#reason = error instanceof Error ? error.message : String(error)
    }
  }
}
