/** Datagrams in, datagrams out: the packet path on sockets. */
import type { Logger } from '../../core/logger.js'
import type { Link } from '../../net/links.js'
import { verdict } from '../tables/layout.gen.js'
import type { DirectorModule } from '../wasm/module.js'
import { cut } from './cut.js'
import type { DatagramSockets } from './datagram-sockets.js'
import { hasDf, ipHeaderLength, ipProtocol } from './ipv4.js'
import { finishChecksum, renewChecksum } from './offload.js'
import { resetOf } from './reset.js'
import { receivedAtOnce } from './socket-options.js'
import { byteAt } from './words.js'

export interface ForwarderParts {
  readonly module: DirectorModule
  readonly sockets: DatagramSockets
  readonly log: Logger
}

export class Forwarder {
  readonly #module: DirectorModule
  readonly #sockets: DatagramSockets
  readonly #log: Logger
  /** Of each datagram, whether it is several segments that were put together. */
  readonly #isJoined = new Uint8Array(receivedAtOnce)
  #failed = 0
  #failure: unknown

  constructor({ module, sockets, log }: ForwarderParts) {
    this.#module = module
    this.#sockets = sockets
    this.#log = log
  }

  /** Forwards datagrams that have come, the first `count` of the batch. @param link by which they came. */
  readonly take = (count: number, { ifindex, mtu }: Pick<Link, 'ifindex' | 'mtu'>): void => {
    for (let i = 0; i < count; i++) this.#prepare(i, mtu)
    this.#module.decide('datagrams', count, ifindex)
    for (let i = 0; i < count; i++) {
      try {
        this.#carryOut(i)
      } catch (error) {
        this.#failed++
        this.#failure = error
      }
    }
  }

  /** Logs what went wrong since this was called last. */
  report(): void {
    const refused = this.#sockets.takeRefused()
    if (refused.packets > 0) this.#log.warn({ ...refused }, 'the kernel did not take packets')
    const faults = this.#module.takeFaults()
    const packets = faults.packets + this.#failed
    const err = faults.last ?? this.#failure
    if (err !== undefined) {
      this.#log.error({ packets, err }, 'packets could not be forwarded: a fault of xlvs')
    }
    this.#failed = 0
    this.#failure = undefined
  }

  /**
   * A TCP datagram that is longer than the link brings was put together here, and is made segments again, which get their
   * checksums then. What may be fragmented, too, is cut to whatever the way takes; and IPVS does not answer an ICMP error.
   */
  #prepare(i: number, linkMtu: number): void {
    const { memory, batch } = this.#module
    const [at, length] = [batch.offsets[i] as number, batch.lengths[i] as number]
    const protocol = byteAt(memory, at + 9)
    const isJoined = protocol === ipProtocol.TCP && length > linkMtu
    this.#isJoined[i] = isJoined ? 1 : 0
    batch.mustFit[i] = isJoined || protocol === ipProtocol.ICMP || !hasDf(memory, at) ? 0 : linkMtu
    if (!isJoined) finishChecksum(memory, at, at + length)
  }

  #carryOut(i: number): void {
    const { batch } = this.#module
    const given = batch.verdicts[i] as number
    const [at, length, to] = [batch.offsets[i] as number, batch.lengths[i] as number, batch.addresses[i] as number]
    if (given >= verdict.ROUTE_TX && given <= verdict.TUNNEL_REDIRECT) this.#forward(i, at, length, to)
    else if (given >= verdict.ICMP_PORT_UNREACHABLE && given <= verdict.ICMP_TUNNEL_ERROR)
      this.#sockets.send(at, length, to)
    else if (given === verdict.PASS_NO_CONN) this.#reset(i, at, length)
  }

  #forward(i: number, at: number, length: number, to: number): void {
    const { memory, batch } = this.#module
    const [isTunnelled, mtu] = [(batch.verdicts[i] as number) >= verdict.TUNNEL_TX, batch.mtus[i] as number]
    if (length > mtu) {
      cut(memory.subarray(at, at + length), isTunnelled, mtu, (piece) => this.#sockets.sendBytes(piece, to))
      return
    }
    if (this.#isJoined[i]) renewChecksum(memory, isTunnelled ? at + ipHeaderLength : at)
    this.#sockets.send(at, length, to)
  }

  #reset(i: number, at: number, length: number): void {
    const { memory } = this.#module
    if (this.#isJoined[i]) renewChecksum(memory, at)
    const reset = resetOf(memory.subarray(at, at + length))
    if (reset) this.#sockets.sendBytes(reset, reset.readUInt32BE(16))
  }
}
