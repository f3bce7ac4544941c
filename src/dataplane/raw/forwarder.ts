/** Datagrams in, datagrams out: the packet program on sockets. */
import type { Logger } from '../../core/logger.js'
import { countVerdict } from '../sim/count.js'
import { ipHeaderLength } from '../sim/ipv4.js'
import { goOn, ipProtocol, Packet, type Span, wholeOf } from '../sim/packet.js'
import { parseNetwork } from '../sim/parse.js'
import { PacketProgram } from '../sim/program.js'
import type { Tables } from '../sim/tables.js'
import type { Way } from '../sim/way.js'
import { verdict } from '../tables/layout.gen.js'
import { cut } from './cut.js'
import type { DatagramSockets } from './datagram-sockets.js'
import { finishChecksum, renewChecksum } from './offload.js'
import { resetOf } from './reset.js'

export interface ForwarderParts {
  readonly tables: Tables
  readonly sockets: DatagramSockets
  /** The clock of packets. */
  readonly now: { readonly ticks: number }
  readonly log: Logger
}

/** A packet on its way out. */
interface Forwarded {
  readonly packet: Span
  readonly isTunnelled: boolean
  /** Made of several segments. */
  readonly isJoined: boolean
}

export class Forwarder {
  readonly #tables: Tables
  readonly #sockets: DatagramSockets
  readonly #now: ForwarderParts['now']
  readonly #log: Logger
  readonly #program: PacketProgram
  readonly #packet = new Packet()
  #failed = 0
  #failure: unknown

  constructor({ tables, sockets, now, log }: ForwarderParts) {
    this.#tables = tables
    this.#sockets = sockets
    this.#now = now
    this.#log = log
    this.#program = new PacketProgram(tables)
  }

  /**
   * @param datagram that came to this machine; it is written to.
   * @param linkMtu the longest packet that can have come so, in bytes: a longer one was put together here.
   */
  readonly take = (datagram: Span, linkMtu: number): void => {
    try {
      countVerdict(this.#tables, this.#carryOut(datagram, linkMtu))
    } catch (error) {
      this.#failed++
      this.#failure = error
    }
  }

  /** @returns the verdict. */
  #carryOut(datagram: Span, linkMtu: number): number {
    const p = this.#packet
    const result = parseNetwork(p, datagram)
    if (result !== goOn) return result
    const isJoined = p.protocol === ipProtocol.TCP && p.ipLength > linkMtu
    p.needed = needed(p, linkMtu)
    // Of what is made segments they are made anew.
    if (!isJoined) finishChecksum(p)
    const { verdict: given, packet, way, mtu = 0 } = this.#program.decide(p, this.#now.ticks)
    if (packet && way) this.#forward({ packet, isTunnelled: given === verdict.TUNNEL_TX, isJoined }, way, mtu)
    else if (packet) this.#answer(packet)
    else if (given === verdict.PASS_NO_CONN) this.#reset(p, isJoined)
    return given
  }

  /** Logs what went wrong since this was called last. */
  report(): void {
    const refused = this.#sockets.takeRefused()
    if (refused.packets > 0) this.#log.warn({ ...refused }, 'the kernel did not take packets')
    if (this.#failed > 0) {
      this.#log.error({ packets: this.#failed, err: this.#failure }, 'packets could not be forwarded: a fault of xlvs')
      this.#failed = 0
    }
  }

  #forward({ packet, isTunnelled, isJoined }: Forwarded, way: Way, mtu: number): void {
    const to = way.address
    const { bytes, from, end } = packet
    if (end - from <= mtu) {
      if (isJoined) renewChecksum(bytes, isTunnelled ? from + ipHeaderLength : from)
      this.#sockets.send(packet, to)
    } else {
      cut(bytes.subarray(from, end), isTunnelled, mtu, (piece) => this.#sockets.send(wholeOf(piece), to))
    }
  }

  #reset(p: Packet, isJoined: boolean): void {
    if (isJoined) renewChecksum(p.bytes, p.at)
    const reset = resetOf(p)
    if (reset) this.#answer(wholeOf(reset))
  }

  #answer(packet: Span): void {
    this.#sockets.send(packet, packet.bytes.readUInt32BE(packet.from + 16))
  }
}

/**
 * Bytes that the way has to take. What has no DF is fragmented. A TCP segment that was put together is made segments that fit,
 * a datagram with DF fragments no longer than they were; and IPVS does not answer an ICMP error with another one.
 */
function needed(p: Packet, linkMtu: number): number {
  if (!p.hasDf || p.protocol === ipProtocol.ICMP) return 0
  if (p.ipLength <= linkMtu) return p.ipLength
  return p.protocol === ipProtocol.TCP ? 0 : linkMtu
}
