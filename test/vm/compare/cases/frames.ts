import type { FrameSpec } from '../../../lib/packet.js'
import { type Case, icmp, ipvsadm, packets, type Step, tcp, udp } from '../step.js'

/** What routers and hosts may have made of a client's packet. */
const variants: Readonly<Record<string, FrameSpec>> = {
  plain: {},
  'TOS 0xb8': { ip: { tos: 0xb8 } },
  'ECT(0)': { ip: { tos: 0x02 } },
  'ECT(1)': { ip: { tos: 0x01 } },
  'CE and TOS': { ip: { tos: 0x2b } },
  DF: { ip: { df: true } },
  'TTL 2': { ip: { ttl: 2 } },
  'TTL 255': { ip: { ttl: 255 } },
  'TTL 1': { ip: { ttl: 1 } },
  'TTL 0': { ip: { ttl: 0 } },
  'one byte': { payload: 'x' },
  'odd length': { payload: 'x'.repeat(1001) },
  'IP options': { ip: { options: Uint8Array.of(1, 1, 1, 0) } },
  'wrong TCP checksum': { tcp: { checksum: 0x1234 } },
  'wrong IP checksum': { ip: { checksum: 0x1234 } },
  'as long as a tunnel takes': { ip: { df: true }, payload: 'x'.repeat(1440) },
  'longer than a tunnel takes, DF': { ip: { df: true }, payload: 'x'.repeat(1460) },
}

function segments(): Step[] {
  return Object.entries(variants).map(([text, spec]) => {
    const tcp = { sport: 40_000, dport: 80, flags: 'A', ...spec.tcp }
    return packets(`tcp A, ${text}`, [{ ...spec, ip: { id: 0x1234, ...spec.ip }, tcp }])
  })
}

function framesTo(name: string, server: string): Case {
  return {
    name: `frames by ${name}`,
    steps: [...ipvsadm('-A -t VIP:80 -s rr', `-a -t VIP:80 -r ${server}`), tcp(40_000, 'S'), ...segments()],
  }
}

export const frameCases: readonly Case[] = [
  framesTo('DR', '10.0.0.11 -g'),
  framesTo('TUN on the segment', '10.0.0.12 -i'),
  framesTo('TUN behind a router', '172.16.0.21 -i'),
  {
    name: 'not for a virtual service',
    steps: [
      ...ipvsadm('-A -t VIP:80 -s rr', '-a -t VIP:80 -r 10.0.0.11'),
      tcp(1, 'S', { dport: 81 }),
      tcp(1, 'S', {}, { ip: { destination: 'VIP2' } }),
      udp(1, 80),
      icmp({ type: 8, rest: 0x00010001 }),
    ],
  },
]
