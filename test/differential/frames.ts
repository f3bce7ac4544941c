/** Frames for both packet paths and for kernel IPVS: what clients and routers send, at the edges of every field, and what nobody should. */

import { type FrameSpec, frame, type Ipv4Fields, type PacketSpec, packet } from '../lib/packet.js'
import { aimAtFold, aimAtTtl } from './aim.js'
import { type Choice, vports, type World } from './world.js'

/** BPF_PROG_TEST_RUN takes an Ethernet header at least, and a page less what is around the frame at most. */
const shortest = 14
const longest = 3000

const edges = {
  ttl: [64, 64, 64, 255, 2, 1, 0],
  tos: [0, 0, 0x03, 0x02, 0xff, 0xc0],
  payload: [0, 0, 0, 1, 7, 28, 536, 537, 1380, 1381, 1400, 1440, 1441, 1460, 1461, 1480, 2000],
  options: [0, 0, 0, 0, 1, 40],
  flags: ['S', 'S', 'S', 'S', 'A', 'A', 'A', 'FA', 'F', 'R', 'RA', 'SA', 'SR', 'SF', 'FR', '', 'P', 'SFRPAU'],
} as const
/** Ports that clients use again and again. */
export const flowPorts = [20, 1000, 1001, 1002, 1003]
/** Packets of clients that errors can be about. */
const remembered = 12

export class Frames {
  /** Sent last by clients, from the IP header on. */
  readonly #sent: Buffer[] = []

  constructor(
    readonly choice: Choice,
    readonly world: World,
  ) {}

  next(): Buffer {
    const { choice, world } = this
    if (choice.onceIn(100)) return Buffer.from(someBytes(choice, shortest + choice.below(100)))
    const spec = choice.onceIn(5) ? someIcmp(choice, world, this.#someSent()) : this.#fromClient()
    const built = frame({ ...someEthernet(choice, world), ...spec })
    return choice.onceIn(8) ? someDamage(choice, built) : built
  }

  #fromClient(): PacketSpec {
    const any = someClientPacket(this.choice, this.world)
    const spec = this.choice.of([same, same, same, aimAtTtl, aimAtFold])(this.choice, any)
    this.#sent.push(packet(spec))
    if (this.#sent.length > remembered) this.#sent.shift()
    return spec
  }

  #someSent(): Buffer {
    return this.#sent.length > 0 ? this.choice.of(this.#sent) : packet({})
  }
}

const same = (_: Choice, spec: PacketSpec) => spec

/** A packet from a client to a virtual service, or nearly to one. */
function someClientPacket(choice: Choice, world: World): PacketSpec {
  const protocol = choice.of(['tcp', 'tcp', 'udp'] as const)
  const ip = { ...someIp(choice, world), source: choice.of(choice.onceIn(35) ? world.strangers : world.clients) }
  const sport = choice.onceIn(4) ? choice.below(65536) : choice.of(flowPorts)
  const ports = { sport, dport: choice.onceIn(30) ? 81 : choice.of(vports[protocol]) }
  const payload = someBytes(choice, choice.of(edges.payload))
  return protocol === 'tcp'
    ? { ip, tcp: { ...ports, flags: choice.of(edges.flags), ...someTcp(choice) }, payload }
    : { ip, udp: { ...ports, ...(choice.onceIn(20) && { length: choice.below(30) }) }, payload }
}

function someTcp(choice: Choice): PacketSpec['tcp'] {
  return {
    ...(choice.onceIn(10) && { options: someBytes(choice, choice.of([4, 12, 40])) }),
    ...(choice.onceIn(40) && { dataOffset: choice.below(16) }),
  }
}

function someIp(choice: Choice, { vips }: World): Ipv4Fields {
  return {
    destination: choice.onceIn(30) ? '192.0.2.99' : choice.of(vips),
    ttl: choice.of(edges.ttl),
    tos: choice.of(edges.tos),
    id: choice.below(65536),
    df: choice.onceIn(2),
    options: new Uint8Array(choice.of(edges.options)).fill(1),
    ...(choice.onceIn(40) && { mf: true }),
    ...(choice.onceIn(40) && { fragmentOffset: 8 * choice.below(200) }),
    ...(choice.onceIn(60) && { protocol: choice.of([0, 4, 47, 132]) }),
    ...(choice.onceIn(60) && { version: choice.below(16) }),
    ...(choice.onceIn(60) && { ihl: choice.below(16) }),
    ...(choice.onceIn(40) && { totalLength: choice.below(100) }),
    ...(choice.onceIn(40) && { checksum: choice.below(65536) }),
  }
}

function someEthernet(choice: Choice, { directorMacs, gatewayMac }: World): Pick<FrameSpec, 'ethernet' | 'vlans'> {
  return {
    vlans: choice.onceIn(6) ? Array.from({ length: 1 + choice.below(3) }, () => choice.below(4096)) : [],
    ethernet: {
      destination: choice.onceIn(30)
        ? choice.of(['ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '02:00:00:00:00:99', '00:00:00:00:00:00'])
        : choice.of(directorMacs),
      source: gatewayMac,
      ...(choice.onceIn(60) && { etherType: choice.of([0x0806, 0x86dd, 0x8100, 0x88a8, 0x0000]) }),
    },
  }
}

/** An ICMP message: mostly an error about what a real server sent in the name of a VIP, or about a tunnel. */
function someIcmp(choice: Choice, world: World, client: Buffer): PacketSpec {
  const isTunnel = choice.onceIn(2)
  const quote = isTunnel ? tunnelled(choice, world, client) : reversed(client)
  const cut = choice.onceIn(5) ? quote.subarray(0, choice.below(quote.length + 1)) : quote
  const ip: Ipv4Fields = {
    ...someIp(choice, world),
    source: choice.of(['203.0.113.1', ...world.clients, ...world.strangers]),
    ...(isTunnel && { destination: world.dip }),
  }
  const icmp = {
    type: choice.of([3, 3, 3, 3, 4, 11, 0, 5, 8, 12]),
    code: choice.of([0, 1, 3, 4, 4, 4]),
    rest: choice.of([0, 67, 68, 552, 576, 1000, 1399, 1500, 65535, 0xffff0000]),
    ...(choice.onceIn(12) && { checksum: choice.below(65536) }),
  }
  return { ip, icmp, payload: cut }
}

/** What the server answers with: addresses and ports change places. */
function reversed(client: Buffer): Buffer {
  const reply = Buffer.from(client)
  client.copy(reply, 12, 16, 20)
  client.copy(reply, 16, 12, 16)
  const ports = (client.readUInt8(0) & 0x0f) * 4
  if (ports + 4 <= client.length) {
    reply.writeUInt16BE(client.readUInt16BE(ports + 2), ports)
    reply.writeUInt16BE(client.readUInt16BE(ports), ports + 2)
  }
  return reply
}

function tunnelled(choice: Choice, world: World, client: Buffer): Buffer {
  const ip = {
    ...someIp(choice, world),
    source: choice.onceIn(10) ? choice.of(world.clients) : world.dip,
    destination: choice.of(world.rips),
    protocol: 4,
  }
  return packet({ ip, payload: client })
}

/** Bits flipped, bytes cut off or added: wherever that leads. */
function someDamage(choice: Choice, whole: Buffer): Buffer {
  switch (choice.below(4)) {
    case 0:
      return whole.subarray(0, Math.max(shortest, choice.below(whole.length + 1)))
    case 1:
      return Buffer.concat([whole, someBytes(choice, choice.below(40))]).subarray(0, longest)
    default: {
      const damaged = Buffer.from(whole)
      for (let left = 1 + choice.below(3); left > 0; left--) {
        // Mostly in the headers.
        const at = choice.below(choice.onceIn(3) ? damaged.length : Math.min(damaged.length, 60))
        damaged.writeUInt8(choice.onceIn(2) ? choice.below(256) : damaged.readUInt8(at) ^ (1 << choice.below(8)), at)
      }
      return damaged
    }
  }
}

/** Long ones repeat themselves: what is in them matters to checksums only. */
function someBytes(choice: Choice, length: number): Uint8Array {
  const pattern = Uint8Array.from({ length: Math.min(length, 37) }, () => choice.below(256))
  return length === 0 ? pattern : Buffer.alloc(length, pattern)
}
