/** The life of a packet: what director.bpf.c does, from the IP header on. */
import { connState, forward, serverLaneLayout, serviceLayout, verdict } from '../tables/layout.gen.js'
import { Connections, type Found } from './connections.js'
import { countTraffic } from './count.js'
import { checkWay, encapsulate } from './forward.js'
import { errorOf, IcmpBudget, icmpPacket, withoutIcmp } from './icmp.js'
import { checksum, decrementTtl, ipHeaderLength } from './ipv4.js'
import { goOn, ipProtocol, isMartian, type Packet, type Span, tcpFlag } from './packet.js'
import { isFragment, parseTransport } from './parse.js'
import { pickServer } from './pick.js'
import { Place } from './place.js'
import type { Tables } from './tables.js'
import { tunnelError } from './tunnel-error.js'
import { Way } from './way.js'
import { word16At } from './words.js'

const ftpDataPort = 20

/** What is to become of a packet. */
export interface Outcome {
  /** enum verdict. Of ROUTE_TX and ROUTE_REDIRECT, TUNNEL_TX and TUNNEL_REDIRECT it is the first: interfaces are not known here. */
  readonly verdict: number
  /** What is to be sent in place of the packet, or the packet itself, changed where it is. */
  readonly packet?: Span
  /** The way to take, until the next packet; without one, an answer goes back to where the packet came from. */
  readonly way?: Way
  /** The longest that the way takes, in bytes. */
  readonly mtu?: number
}

export class PacketProgram {
  readonly #tables: Tables
  readonly #connections: Connections
  readonly #place = new Place()
  readonly #way: Way
  readonly #budget = new IcmpBudget()
  readonly #seed: readonly [number, number, number, number]
  readonly #mask: number

  constructor(tables: Tables) {
    this.#tables = tables
    this.#connections = new Connections(tables)
    this.#way = new Way(tables)
    this.#seed = tables.hashSeed
    this.#mask = tables.setMask
  }

  /** @param p with its network layer parsed; it is written to where it is. @param now in ticks. */
  decide(p: Packet, now: number): Outcome {
    if (isFragment(p)) return { verdict: this.#decideFragment(p) }
    const result = parseTransport(p)
    if (result !== goOn) return { verdict: result }
    this.#place.find(p, this.#seed, this.#mask)
    const found = this.#findLive(p, now)
    if (found.slot < 0) return p.isIcmpError ? { verdict: verdict.PASS_ICMP } : this.#schedule(p, found, now)
    if (!p.isIcmpError || p.rip === 0) return this.#toServer(p, found, false, now)
    return tunnelError(p, found, this.#budget, this.#way.of(found.server), now)
  }

  #decideFragment({ protocol, vip }: Packet): number {
    if (protocol !== ipProtocol.TCP && protocol !== ipProtocol.UDP) return verdict.PASS_FRAGMENT
    const key = Buffer.alloc(4)
    key.writeUInt32LE(vip)
    return this.#tables.vips.lookup(key) ? verdict.DROP_FRAGMENT : verdict.PASS_FRAGMENT
  }

  /** A SYN that reuses the tuple of a connection that is over ends it: is_new_conn() with conn_reuse_mode 1. */
  #findLive(p: Packet, now: number): Found {
    const found = this.#connections.find(this.#place, now)
    const canBeReuse = found.slot >= 0 && !p.isIcmpError && p.protocol === ipProtocol.TCP && p.tcpFlags & tcpFlag.SYN
    if (!canBeReuse) return found
    const state = this.#connections.state(found.slot)
    if (state !== connState.TIME_WAIT && state !== connState.CLOSE) return found
    this.#connections.end(found.slot, now)
    return this.#connections.find(this.#place, now)
  }

  #schedule(p: Packet, found: Found, now: number): Outcome {
    const plan = this.#findPlan(p)
    if (plan === undefined) return { verdict: verdict.PASS_NO_SERVICE }
    const result = maySchedule(p)
    if (result !== goOn) return { verdict: result }
    const choice = this.#connections.choose(this.#place, found.expired, now)
    if (!choice) return { verdict: verdict.DROP_TABLE_FULL }
    const pick = pickServer(this.#tables, plan)
    if ('verdict' in pick) return this.#answer(p, pick.verdict, 0, now)
    const way = this.#connections.fill(choice.slot, choice.evicts, this.#place, pick.server, p, now)
    return this.#toServer(p, { slot: choice.slot, server: pick.server, forward: way, expired: -1 }, true, now)
  }

  #findPlan({ vip, vport, protocol }: Packet): number | undefined {
    const key = Buffer.alloc(8)
    key.writeUInt32LE(vip, 0)
    key.writeUInt16LE(vport, 4)
    key.writeUInt8(protocol, 6)
    return this.#tables.services.lookup(key)?.readUInt32LE(serviceLayout.offsets.plan)
  }

  /** The connection is known: count, re-arm, send to its real server. */
  #toServer(p: Packet, found: Found, isNew: boolean, now: number): Outcome {
    const available = found.server * serverLaneLayout.size + serverLaneLayout.offsets.available
    // Errors are for it as long as it has connections.
    if (!p.isIcmpError && this.#tables.serverLanes.getUint32(available, true) === 0) {
      return { verdict: verdict.DROP_SERVER_REMOVED }
    }
    countTraffic(this.#tables, found.server, p.ipLength, isNew)
    if (!isNew && !p.isIcmpError) this.#connections.arm(found.slot, p, now)
    const way = this.#way.of(found.server)
    if (way.isLocal) return { verdict: verdict.PASS_LOCAL }
    if (way.ifindex === 0) return { verdict: verdict.DROP_UNRESOLVED }
    if (found.forward === forward.TUNNEL) return this.#tunnel(p, way, now)
    const result = checkWay(p, way.mtu, 0)
    if (result !== goOn) return this.#answer(p, result, way.mtu, now)
    decrementTtl(p.bytes, p.at)
    return { verdict: verdict.ROUTE_TX, packet: { bytes: p.bytes, from: p.at, end: p.end }, way, mtu: way.mtu }
  }

  #tunnel(p: Packet, way: Way, now: number): Outcome {
    const smallest = Math.min(way.mtu, way.pathMtu(now))
    // Routers fragment what has no DF.
    const mtu = p.hasDf ? smallest : way.mtu
    const result = checkWay(p, mtu, ipHeaderLength)
    if (result !== goOn) return this.#answer(p, result, smallest - ipHeaderLength, now)
    return { verdict: verdict.TUNNEL_TX, packet: encapsulate(p, way, way.rip, this.#place.id), way, mtu }
  }

  /** The ICMP error that a verdict stands for, if it stands for one. */
  #answer(p: Packet, given: number, mtu: number, now: number): Outcome {
    if (given < verdict.ICMP_PORT_UNREACHABLE || given > verdict.ICMP_FRAG_NEEDED) return { verdict: given }
    const error = errorOf(given, mtu)
    if (!this.#budget.allows(error, now)) return { verdict: withoutIcmp(given) }
    return { verdict: given, packet: icmpPacket(p.bytes.subarray(p.at, p.end), p.ipLength, error) }
  }
}

/** What IPVS schedules (may_schedule.h). */
function maySchedule(p: Packet): number {
  if (word16At(p.bytes, p.at + p.headerLength) === ftpDataPort) return verdict.PASS_NO_CONN
  const isOpening = p.protocol !== ipProtocol.TCP || (p.tcpFlags & (tcpFlag.SYN | tcpFlag.RST)) === tcpFlag.SYN
  if (!isOpening) return verdict.PASS_NO_CONN
  if (isMartian(p)) return verdict.PASS_MARTIAN
  // Options are left to the real server.
  const isRight = p.headerLength > ipHeaderLength || checksum(p.bytes, p.at, p.at + ipHeaderLength) === 0
  return isRight ? goOn : verdict.MALFORMED_CHECKSUM
}
