import { addressFromNumber } from '../src/core/address.js'
import { describe } from '../test/lib/describe-frame.js'
import { frame, ipip, type PacketSpec } from '../test/lib/packet.js'

/** Where the packets of all flows go. */
export const vip = '192.0.2.10'
export const vport = 80
/** The director's own addresses. */
export const dip = '10.200.0.254'
export const directorMac = '02:00:00:00:02:00'

export interface Server {
  readonly rip: string
  readonly mac: string
}

/** The real servers of the service. */
export const servers: readonly Server[] = Array.from({ length: 16 }, (_, i) => ({
  rip: `10.200.0.${i + 1}`,
  mac: `02:00:00:00:01:${(i + 1).toString(16).padStart(2, '0')}`,
}))

export type PacketKind = 'syn' | 'ack'

/** How a subject sends packets on; 'mac': new MAC addresses and nothing else. */
export type Sending = 'mac' | 'route' | 'tunnel'

/** Bytes of a frame, as in wrapper.bpf.c. */
export const frameSize = 64
const headersSize = 54

// The flows of wrapper.bpf.c.
const firstClient = 0x0a000000
const portBits = 15

/** What all frames of a kind have in common; the wrapper fills in the source. */
export function frameTemplate(kind: PacketKind): Buffer {
  return frame({ ...packetFrom(kind, '0.0.0.0', 0, 64), ethernet: { destination: directorMac } })
}

/**
 * Checks what a program made of a flow's packet, byte for byte.
 * @throws Error that shows the frame, and what it could have been.
 */
export function checkOutput(sending: Sending, kind: PacketKind, flow: number, out: Buffer): void {
  const candidates = servers.map((server) => expectedOutput(sending, kind, flow, server, out))
  if (candidates.some((candidate) => candidate.equals(out))) return
  const show = (bytes: Buffer) => `${describe(bytes)}\n  ${bytes.toString('hex')}`
  throw new Error(`flow ${flow} came out as\n  ${show(out)}\nand not as one of\n  ${candidates.map(show).join('\n  ')}`)
}

function expectedOutput(sending: Sending, kind: PacketKind, flow: number, server: Server, out: Buffer): Buffer {
  const source = addressFromNumber(firstClient + (flow >>> portBits))
  const sport = (1 << portBits) | (flow & ((1 << portBits) - 1))
  const ethernet = { source: directorMac, destination: server.mac }
  const ttl = sending === 'mac' ? 64 : 63
  const packet = packetFrom(kind, source, sport, ttl)
  if (sending !== 'tunnel') return frame({ ...packet, ethernet })
  // The outer id is the director's to choose.
  return ipip({ ethernet, ip: { source: dip, destination: server.rip, ttl, id: out.readUInt16BE(18) } }, packet)
}

function packetFrom(kind: PacketKind, source: string, sport: number, ttl: number): PacketSpec {
  return {
    ip: { source, destination: vip, ttl },
    // The wrapper leaves the TCP checksum alone, and no director looks at it.
    tcp: { sport, dport: vport, flags: kind === 'syn' ? 'S' : 'A', checksum: 0 },
    payload: Buffer.alloc(frameSize - headersSize),
  }
}
