import { frame, type PacketSpec } from '../../test/lib/packet.js'
import { directorMac, type Endpoint, flowSource, type PacketKind, vport } from '../traffic.js'

/** MAC address of the clients' router. */
const clientMac = '02:00:00:00:03:00'

/** No-operation twice, timestamps (RFC 7323): what Linux puts into every segment. load.bpf.c relies on there being no others. */
const options = Buffer.from('0101080a0000000100000001', 'hex')

/** What all frames of a kind have in common; load.bpf.c fills in the source and mends the checksums. */
export function frameTemplate(kind: PacketKind, vip: string): Buffer {
  const ethernet = { source: clientMac, destination: directorMac }
  return frame({ ...packet(kind, { address: '0.0.0.0', port: 0 }, vip), ethernet })
}

/** The packet of a flow. */
export function packetOf(kind: PacketKind, flow: number, vip: string): PacketSpec {
  return packet(kind, flowSource(flow), vip)
}

function packet(kind: PacketKind, { address, port }: Endpoint, vip: string): PacketSpec {
  return {
    ip: { source: address, destination: vip, ttl: 64 },
    tcp: { sport: port, dport: vport, flags: kind === 'syn' ? 'S' : 'A', options },
  }
}
