/** What the load consists of: clients' flows, services and real servers, and what directors make of a packet. */
import { addressFromNumber, addressToNumber } from '../src/core/address.js'
import { describe } from '../test/lib/describe-frame.js'
import { type FrameSpec, frame, ipip, type PacketSpec } from '../test/lib/packet.js'

/** Where packets go; of several services, the first one's. */
export const vip = '192.0.2.10'
export const vport = 80
/** The director's own addresses. */
export const dip = '10.200.255.254'
export const directorMac = '02:00:00:00:02:00'

export interface Server {
  readonly rip: string
  readonly mac: string
}

/** So many real servers. The last byte of a MAC address tells the first 255 apart. */
export function serversOf(count: number): Server[] {
  return Array.from({ length: count }, (_, i) => ({
    rip: addressFromNumber(addressToNumber('10.200.0.0') + i + 1),
    mac: macAddress(0x1_01 + i),
  }))
}

/** Real servers are at most so many machines; services share them when they need more. */
export const machines = 1000

/** The real servers of a service, where nothing else is said. */
export const servers: readonly Server[] = serversOf(16)

export type PacketKind = 'syn' | 'ack'

/** How a subject sends packets on; 'mac': new MAC addresses and nothing else. */
export type Sending = 'mac' | 'route' | 'tunnel'

// The flows of flow.h.
const firstClient = 0x0a000000
const portBits = 15
const spread = 2654435761

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Where the packets of a flow come from. */
export function flowSource(flow: number): Endpoint {
  return {
    address: addressFromNumber(firstClient + (flow >>> portBits)),
    port: (1 << portBits) | (flow & ((1 << portBits) - 1)),
  }
}

/** The flow that comes from there: the other way round. */
export function flowFrom({ address, port }: Endpoint): number {
  return (addressToNumber(address) - firstClient) * 2 ** portBits + port - (1 << portBits)
}

/** Which of so many services a flow belongs to. */
export function flowService(flow: number, services: number): number {
  return Number((BigInt(Math.imul(flow, spread) >>> 0) * BigInt(services)) >> 32n)
}

/** VIP of a service; the first one has number 0. */
export function vipOf(service: number): string {
  return addressFromNumber(addressToNumber(vip) + service)
}

/** What a packet came out as, and of what. */
export interface Output {
  readonly sending: Sending
  /** The packet that went in. */
  readonly packet: PacketSpec
  /** MAC address of the interface that it left by. */
  readonly sourceMac: string
  readonly servers: readonly Server[]
  readonly frame: Buffer
}

/**
 * Checks a frame byte for byte.
 * @throws Error that shows the frame, and what it could have been.
 */
export function checkOutput(output: Output): void {
  const out = output.frame
  const candidates = output.servers.map((server) => expectedFrame(output, server))
  if (candidates.some((candidate) => candidate.equals(out))) return
  const show = (bytes: Buffer) => `${describe(bytes)}\n  ${bytes.toString('hex')}`
  const shown = candidates.slice(0, 4).map(show).join('\n  ')
  throw new Error(`a packet came out as\n  ${show(out)}\nand not as one of\n  ${shown}`)
}

function expectedFrame({ sending, packet, sourceMac, frame: out }: Output, server: Server): Buffer {
  const ethernet: FrameSpec['ethernet'] = { source: sourceMac, destination: server.mac }
  if (sending === 'mac') return frame({ ...packet, ethernet })
  const ttl = (packet.ip?.ttl ?? 64) - 1
  const inner = { ...packet, ip: { ...packet.ip, ttl } }
  if (sending === 'route') return frame({ ...inner, ethernet })
  // The outer id is the director's to choose.
  const id = out.length >= 20 ? out.readUInt16BE(18) : 0
  return ipip({ ethernet, ip: { source: dip, destination: server.rip, ttl, id } }, inner)
}

function macAddress(number: number): string {
  return `02:00:${(number.toString(16).padStart(8, '0').match(/../g) ?? []).join(':')}`
}
