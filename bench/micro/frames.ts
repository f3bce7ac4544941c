import { frame, type PacketSpec } from '../../test/lib/packet.js'
import { directorMac, type Endpoint, flowService, flowSource, type PacketKind, vipOf, vport } from '../traffic.js'

/** Bytes of a frame, as in wrapper.bpf.c. */
export const frameSize = 64
const headersSize = 54

/** What all frames of a kind have in common; the wrapper fills in the addresses and the source's port. */
export function frameTemplate(kind: PacketKind): Buffer {
  const ethernet = { destination: directorMac }
  return frame({ ...packet(kind, { address: '0.0.0.0', port: 0 }, '0.0.0.0'), ethernet })
}

/** The packet of a flow, spread over so many services. */
export function packetOf(kind: PacketKind, flow: number, services: number): PacketSpec {
  return packet(kind, flowSource(flow), vipOf(flowService(flow, services)))
}

function packet(kind: PacketKind, { address, port }: Endpoint, destination: string): PacketSpec {
  return {
    ip: { source: address, destination, ttl: 64 },
    // The wrapper leaves the TCP checksum alone, and no director looks at it.
    tcp: { sport: port, dport: vport, flags: kind === 'syn' ? 'S' : 'A', checksum: 0 },
    payload: Buffer.alloc(frameSize - headersSize),
  }
}
