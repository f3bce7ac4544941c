/** ICMP: errors that the director sends, and those that it gets. */
import { frame, type PacketSpec } from '../lib/packet.js'
import { again, frameStep, hop, time } from './input.js'
import {
  at,
  cip,
  datagram,
  errorAboutReply,
  errorAboutTunnel,
  otherVip,
  segment,
  sized,
  tunnelled,
  vip,
} from './seed-frames.js'
import type { Seed } from './seeds.js'

/** ICMP_PER_TICK of bpf/types.h. */
const perTick = 67
const fragNeeded = { type: 3, code: 4, rest: 1400 }
const reply: PacketSpec = { ip: { source: vip, destination: cip }, tcp: { sport: 80, dport: 40000 } }
/** What was sent through the tunnel. */
const inner: PacketSpec = { ip: { df: true }, tcp: { dport: 443 } }
const opened = frameStep(tunnelled({ ip: { df: true } }))
const nobody = { destination: otherVip }
const tls = { dport: 443 }

export const answerSeeds = {
  'no-server': { steps: [frameStep(datagram(nobody))], verdicts: { icmp_port_unreachable: 1 } },
  'icmp-budget': {
    steps: [
      frameStep(datagram(nobody)),
      again(at.sport, 1, { times: perTick }),
      frameStep(segment({ ip: { ttl: 1 } })),
      time(1),
      again(0, 0),
    ],
    verdicts: { icmp_port_unreachable: perTick, drop_no_server: 1, drop_ttl: 1, icmp_time_exceeded: 1 },
  },
  ttl: {
    steps: [
      frameStep(segment({ ip: { ttl: 1 } })),
      frameStep(tunnelled({ ip: { ttl: 0 }, vlans: [8, 7] })),
      frameStep(segment()),
      frameStep(errorAboutReply({ type: 11, code: 0 }, reply, { ttl: 1 })),
    ],
    verdicts: { icmp_time_exceeded: 2, route_tx: 1, drop_ttl: 1 },
  },
  'dr-frag-needed': {
    steps: [
      hop(0, { mtu: 576 }),
      hop(1, { mtu: 576 }),
      frameStep(sized(577, { df: true })),
      frameStep(sized(576, { df: true })),
      frameStep(sized(577, {})),
    ],
    verdicts: { icmp_frag_needed: 1, route_tx: 1, drop_too_big: 1 },
  },
  'syn-tun-frag-needed': {
    steps: [
      frameStep(sized(1481, { df: true }, tls)),
      frameStep(sized(1480, { df: true }, tls)),
      frameStep(sized(1481, {}, tls)),
    ],
    verdicts: { icmp_frag_needed: 1, tunnel_tx: 1, drop_too_big: 1 },
  },
  'cut-on-its-way': {
    steps: [
      frameStep(sized(2000, { df: true }, tls), { mustFit: 0 }),
      frameStep(sized(2000, { df: true }, tls), { mustFit: 576 }),
      frameStep(sized(2000, { df: true }, tls), { mustFit: 1500 }),
    ],
    verdicts: { tunnel_tx: 2, icmp_frag_needed: 1 },
  },
  'tunnel-cuts-padding': {
    steps: [frameStep(Buffer.concat([tunnelled(), Buffer.alloc(1460)]))],
    verdicts: { tunnel_tx: 1 },
  },
  'no-headroom': {
    steps: [
      frameStep(tunnelled(), { headroom: 16 }),
      frameStep(tunnelled(), { headroom: 20 }),
      frameStep(datagram(nobody), { headroom: 24 }),
      frameStep(datagram(nobody), { headroom: 28 }),
      frameStep(sized(1481, { df: true }, tls), { headroom: 0 }),
      frameStep(segment({ ip: { ttl: 1 } }), { headroom: 0 }),
    ],
    verdicts: {
      drop_no_headroom: 1,
      tunnel_tx: 1,
      drop_no_server: 1,
      icmp_port_unreachable: 1,
      drop_too_big: 1,
      drop_ttl: 1,
    },
  },
  'icmp-echo': { steps: [frameStep(frame({ icmp: {}, payload: 'ping' }))], verdicts: { pass_icmp: 1 } },
  'icmp-quoted-reply': {
    steps: [frameStep(segment()), frameStep(errorAboutReply(fragNeeded, reply))],
    verdicts: { route_tx: 2 },
  },
  'icmp-too-big-itself': {
    steps: [
      frameStep(segment()),
      hop(0, { mtu: 68 }),
      hop(1, { mtu: 68 }),
      frameStep(errorAboutReply(fragNeeded, reply, { options: new Uint8Array(40).fill(1) })),
    ],
    verdicts: { route_tx: 1, drop_too_big: 1 },
  },
  'icmp-quote-cut': {
    steps: [
      frameStep(segment()),
      frameStep(frame({ icmp: fragNeeded })),
      frameStep(frame({ icmp: fragNeeded, payload: Buffer.alloc(23, 0x45) })),
      frameStep(errorAboutReply(fragNeeded, { ...reply, ip: { ...reply.ip, fragmentOffset: 8 } })),
    ],
    verdicts: { route_tx: 1, pass_icmp: 3 },
  },
  'icmp-tunnel-frag-needed': {
    steps: [
      opened,
      frameStep(errorAboutTunnel(fragNeeded, inner)),
      // What was learned counts for the next packet, and is forgotten after ten minutes.
      frameStep(sized(1381, { df: true }, tls)),
      time(16 * 56),
      ...Array(10)
        .fill([frameStep(tunnelled({ ip: { df: true } })), time(16 * 56)])
        .flat(),
      frameStep(sized(1381, { df: true }, tls)),
    ],
    verdicts: { tunnel_tx: 12, icmp_tunnel_error: 1, icmp_frag_needed: 1 },
  },
  'icmp-tunnel-path-mtu': {
    steps: [
      opened,
      // Less than is believed, more than is known, and more than the link has.
      frameStep(errorAboutTunnel({ ...fragNeeded, rest: 100 }, inner)),
      frameStep(errorAboutTunnel(fragNeeded, inner)),
      hop(2, { mtu: 400 }),
      again(0, 0),
    ],
    verdicts: { tunnel_tx: 1, icmp_tunnel_error: 3 },
  },
  'icmp-tunnel-budget': {
    steps: [opened, frameStep(errorAboutTunnel({ type: 3, code: 1 }, inner)), again(0, 0, { times: perTick })],
    verdicts: { tunnel_tx: 1, icmp_tunnel_error: perTick, drop_tunnel_error: 1 },
  },
  'icmp-tunnel-unreachable': {
    steps: [
      opened,
      frameStep(errorAboutTunnel({ type: 3, code: 1 }, inner, { vlans: [8, 7] })),
      frameStep(errorAboutTunnel({ type: 11, code: 0 }, inner, { ip: { options: new Uint8Array(40).fill(1) } })),
      frameStep(errorAboutTunnel({ type: 4, code: 0 }, { ...inner, payload: Buffer.alloc(1301) })),
    ],
    verdicts: { tunnel_tx: 1, icmp_tunnel_error: 3 },
  },
  'icmp-tunnel-without-df': {
    steps: [opened, frameStep(errorAboutTunnel(fragNeeded, { ...inner, ip: {} }))],
    verdicts: { tunnel_tx: 1, drop_tunnel_error: 1 },
  },
  'icmp-tunnel-checksum': {
    steps: [opened, frameStep(errorAboutTunnel({ ...fragNeeded, checksum: 1 }, inner)), again(0, 0, { mend: true })],
    verdicts: { tunnel_tx: 1, malformed_checksum: 1, icmp_tunnel_error: 1 },
  },
  'icmp-about-no-tunnel-of-ours': {
    steps: [
      frameStep(segment({ tcp: tls })),
      frameStep(errorAboutTunnel(fragNeeded, { ...inner, tcp: { dport: 443, sport: 1 } })),
      frameStep(errorAboutTunnel(fragNeeded, inner, { ip: { destination: vip } })),
      frameStep(errorAboutTunnel(fragNeeded, inner)),
      again(at.quotedDestination, 1, { mend: true }),
      frameStep(segment()),
      frameStep(errorAboutTunnel(fragNeeded, { tcp: {} })),
    ],
    verdicts: { tunnel_tx: 1, pass_icmp: 4, icmp_tunnel_error: 1, route_tx: 1 },
  },
} as const satisfies Record<string, Seed>
