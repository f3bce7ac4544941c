/** The program on frames, with Ethernet and VLAN tags before the IP header: what an XDP program is given. */
import { configLayout, sharedConstant, verdict, verdictNames } from '../tables/layout.gen.js'
import { countVerdict } from './count.js'
import { ipHeaderLength } from './ipv4.js'
import { goOn, headroom, Packet } from './packet.js'
import { parseNetwork } from './parse.js'
import { type Outcome, PacketProgram } from './program.js'
import type { Tables } from './tables.js'

const ethernetLength = 14
const vlanTagLength = 4
const vlanTagsMax = 2
const etherType = { IPV4: 0x0800, VLAN: 0x8100, QINQ: 0x88a8 } as const
/** Of the first byte of a hardware address: multicast or broadcast. */
const groupBit = 0x01

/** What is behind a frame in memory, and not to be read. */
const others = Buffer.alloc(ipHeaderLength, 0xff)

/** What became of a frame. */
export interface Sent {
  /** As `xlvs status` shows it. */
  readonly verdict: string
  /** What is sent, or goes to the kernel. */
  readonly frame: Buffer
}

export class FrameProgram {
  readonly #tables: Tables
  readonly #program: PacketProgram
  readonly #packet = new Packet()

  constructor(tables: Tables) {
    this.#tables = tables
    this.#program = new PacketProgram(tables)
  }

  /** @param data is left as it is. @param now in ticks. */
  send(data: Uint8Array, ingressIfindex: number, now: number): Sent {
    const bytes = Buffer.concat([Buffer.alloc(headroom), data, others])
    const { at, ...outcome } = this.#decide(bytes, headroom + data.length, now)
    const given = this.#byInterface(outcome, ingressIfindex)
    countVerdict(this.#tables, given)
    const name = (verdictNames[given] ?? '').toLowerCase()
    if (!outcome.packet) return { verdict: name, frame: Buffer.from(data) }
    const header = Buffer.from(data.subarray(0, at))
    if (outcome.way) header.set(outcome.way.macs)
    else swapMacs(header)
    const { bytes: sent, from, end } = outcome.packet
    return { verdict: name, frame: Buffer.concat([header, sent.subarray(from, end)]) }
  }

  /** @param bytes a frame behind free ones. @param end of it. @returns with the outcome where the IP header begins in the frame. */
  #decide(bytes: Buffer, end: number, now: number): Outcome & { readonly at: number } {
    const p = this.#packet
    const frame = bytes.subarray(headroom, end)
    const at = ipHeaderAt(frame)
    if (typeof at !== 'number') return { ...at, at: 0 }
    const result = parseNetwork(p, { bytes, from: headroom + at, end })
    if (result !== goOn) return { verdict: result, at }
    if (!isForUs(this.#tables.config, frame, now)) return { verdict: verdict.PASS_OTHER_HOST, at }
    return { ...this.#program.decide(p, now), at }
  }

  #byInterface({ verdict: given, way }: Outcome, ingressIfindex: number): number {
    if (!way || way.ifindex === ingressIfindex) return given
    return given === verdict.TUNNEL_TX ? verdict.TUNNEL_REDIRECT : verdict.ROUTE_REDIRECT
  }
}

/** Where the IP header begins (parse_ethernet()), or why there is none. */
function ipHeaderAt(frame: Buffer): number | Outcome {
  if (frame.length < ethernetLength) return { verdict: verdict.MALFORMED_ETHERNET }
  let at = ethernetLength
  for (let tags = 0; tags < vlanTagsMax; tags++) {
    const type = frame.readUInt16BE(at - 2)
    if (type !== etherType.VLAN && type !== etherType.QINQ) break
    at += vlanTagLength
    if (at > frame.length) return { verdict: verdict.MALFORMED_ETHERNET }
  }
  if (frame.readUInt16BE(at - 2) !== etherType.IPV4) return { verdict: verdict.PASS_NOT_IPV4 }
  return frame.length < ethernetLength + ipHeaderLength ? { verdict: verdict.MALFORMED_IPV4 } : at
}

/** Whether the frame was sent to this machine (for_us.h). */
function isForUs(config: DataView, frame: Buffer, now: number): boolean {
  const { ownMacs, nOwnMacs, ownMacsUntil } = configLayout.offsets
  const [low, high] = [frame.readUInt32LE(0), frame.readUInt16LE(4)]
  const isOwn = (i: number) =>
    config.getUint32(ownMacs + 8 * i, true) === low && config.getUint32(ownMacs + 8 * i + 4, true) === high
  if (isOwn(0)) return true
  if (frame.readUInt8(0) & groupBit) return false
  const known = Math.min(config.getUint32(nOwnMacs, true), sharedConstant.OWN_MACS)
  if (known === 0 || ((config.getUint32(ownMacsUntil, true) - now) | 0) <= 0) return true
  for (let i = 1; i < known; i++) if (isOwn(i)) return true
  return false
}

function swapMacs(header: Buffer): void {
  const destination = Buffer.from(header.subarray(0, 6))
  header.copyWithin(0, 6, 12)
  destination.copy(header, 6)
}
