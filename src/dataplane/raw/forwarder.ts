/** Datagrams in, datagrams out: the packet program on sockets. */
import { type Address, addressFromNumber } from '../../core/address.js'
import type { Logger } from '../../core/logger.js'
import { countVerdict } from '../sim/count.js'
import { goOn, ipProtocol, Packet } from '../sim/packet.js'
import { parseNetwork } from '../sim/parse.js'
import { PacketProgram } from '../sim/program.js'
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
  /** The clock of packets. */
  readonly now: { readonly ticks: number }
  /** The longest packet that the network can have brought, in bytes. A longer TCP segment was put together here. */
  readonly links: { readonly linkMtu: number }
  readonly log: Logger
}

export class Forwarder {
  readonly #tables: Tables
  readonly #sockets: DatagramSockets
  readonly #now: ForwarderParts['now']
  readonly #links: ForwarderParts['links']
  readonly #log: Logger
  readonly #program: PacketProgram
  readonly #packet = new Packet()
  /** By Way.rip: to make a text of it takes longer than to look it up. */
  readonly #addresses = new Map<number, Address>()
  #refused = 0
  #reason = ''

  constructor({ tables, sockets, now, links, log }: ForwarderParts) {
    this.#tables = tables
    this.#sockets = sockets
    this.#now = now
    this.#links = links
    this.#log = log
    this.#program = new PacketProgram(tables)
  }

  /** @param datagram that came to this machine; it is written to. */
  readonly take = (datagram: Buffer): void => {
    countVerdict(this.#tables, this.#carryOut(datagram))
  }

  /** @returns the verdict. */
  #carryOut(datagram: Buffer): number {
    const p = this.#packet
    const result = parseNetwork(p, datagram, 0)
    if (result !== goOn) return result
    const isJoined = p.protocol === ipProtocol.TCP && p.ipLength > this.#links.linkMtu
    // IPVS does not answer an error with another one.
    p.isCut = isJoined || !p.hasDf || p.protocol === ipProtocol.ICMP
    // Of what is made segments they are made anew.
    if (!isJoined) finishChecksum(p)
    const { verdict: given, packet, way, mtu = 0 } = this.#program.decide(p, this.#now.ticks)
    if (packet && way) this.#forward(packet, given === verdict.TUNNEL_TX, way, mtu)
    else if (packet) this.#answer(packet)
    else if (given === verdict.PASS_NO_CONN) this.#reset(p)
    return given
  }

  /** Logs what could not be sent since this was called last. */
  report(): void {
    if (this.#refused === 0) return
    this.#log.warn({ packets: this.#refused, reason: this.#reason }, 'the kernel did not take packets')
    this.#refused = 0
  }

  #forward(packet: Buffer, isTunnelled: boolean, way: Way, mtu: number): void {
    const to = this.#addressOf(way)
    if (packet.length <= mtu) this.#send(packet, to)
    else cut(packet, isTunnelled, mtu, (piece) => this.#send(piece, to))
  }

  #reset(p: Packet): void {
    const reset = resetOf(p)
    if (reset) this.#answer(reset)
  }

  #answer(packet: Buffer): void {
    this.#send(packet, addressFromNumber(packet.readUInt32BE(16)))
  }

  #addressOf({ rip }: Way): Address {
    const known = this.#addresses.get(rip)
    if (known !== undefined) return known
    const address = [0, 8, 16, 24].map((shift) => (rip >>> shift) & 0xff).join('.')
    this.#addresses.set(rip, address)
    return address
  }

  /** As a router does: what cannot be sent is lost. */
  #send(packet: Buffer, to: Address): void {
    try {
      this.#sockets.send(packet, to)
    } catch (error) {
      this.#refused++
      this.#reason = error instanceof Error ? error.message : String(error)
    }
  }
}
