/** What packets look like, well and badly. */
import { etherTypes, frame } from '../lib/packet.js'
import { frameStep } from './input.js'
import { datagram, errorAboutReply, idFor, otherVip, segment, tunnelled, vip } from './seed-frames.js'
import type { Seed } from './seeds.js'

const options = new Uint8Array(40).fill(1)
const each = (...frames: Buffer[]) => frames.map((bytes) => frameStep(bytes))

export const packetSeeds = {
  'syn-dr': { steps: each(segment()), verdicts: { route_tx: 1 } },
  'syn-tun': { steps: each(tunnelled()), verdicts: { tunnel_tx: 1 } },
  udp: { steps: each(datagram(), datagram()), verdicts: { route_tx: 2 } },
  'other-interface': {
    steps: each(
      segment({ ip: { destination: otherVip } }),
      segment({ ip: { destination: otherVip }, tcp: { sport: 40001 } }),
    ),
    verdicts: { route_redirect: 1, tunnel_redirect: 1 },
  },
  'came-in-by-the-other-interface': {
    steps: [
      frameStep(segment({ ip: { destination: otherVip } }), { elsewhere: true }),
      frameStep(segment(), { elsewhere: true }),
    ],
    verdicts: { route_tx: 1, route_redirect: 1 },
  },
  vlan: { steps: each(segment({ vlans: [7] }), tunnelled({ vlans: [7] })), verdicts: { route_tx: 1, tunnel_tx: 1 } },
  'two-vlans': {
    steps: each(segment({ vlans: [8, 7] }), tunnelled({ vlans: [8, 7] }), segment({ vlans: [9, 8, 7] })),
    verdicts: { route_tx: 1, tunnel_tx: 1, pass_not_ipv4: 1 },
  },
  options: {
    steps: each(
      segment({ ip: { options }, tcp: { options } }),
      tunnelled({ ip: { options }, tcp: { options } }),
      datagram({ options }),
    ),
    verdicts: { route_tx: 2, tunnel_tx: 1 },
  },
  // Adding 0x0100, for the TTL, to these carries, or nearly does. 0xffff is as right as 0.
  'checksum-carries': {
    steps: [0xfeff, 0xfffe, 0xfefe, 0, 0xffff].flatMap((checksum) => {
      const ip = { id: idFor(checksum), checksum }
      return each(segment({ ip }), tunnelled({ ip }))
    }),
    verdicts: { route_tx: 5, tunnel_tx: 5 },
  },
  'congestion-seen': { steps: each(tunnelled({ ip: { tos: 0xff, df: true } })), verdicts: { tunnel_tx: 1 } },
  'not-ipv4': {
    steps: each(
      frame({ ethernet: { etherType: etherTypes.arp } }),
      frame({ ethernet: { etherType: etherTypes.ipv6 }, vlans: [7] }),
    ),
    verdicts: { pass_not_ipv4: 2 },
  },
  'not-l4': { steps: each(frame({ ip: { protocol: 47 } })), verdicts: { pass_not_l4: 1 } },
  'other-host': {
    steps: each(
      segment({ ethernet: { destination: 'ff:ff:ff:ff:ff:ff' } }),
      segment({ ethernet: { destination: '02:00:00:00:00:99' } }),
    ),
    verdicts: { pass_other_host: 2 },
  },
  'no-service': {
    steps: each(
      segment({ tcp: { dport: 81 } }),
      segment({ ip: { destination: '192.0.2.99' } }),
      datagram({}, { udp: { dport: 80 } }),
    ),
    verdicts: { pass_no_service: 3 },
  },
  'no-conn': {
    steps: each(
      segment({ tcp: { flags: 'A' } }),
      segment({ tcp: { flags: 'SR' } }),
      segment({ tcp: { flags: '' } }),
      segment({ tcp: { sport: 20 } }),
    ),
    verdicts: { pass_no_conn: 4 },
  },
  martian: {
    steps: each(
      segment({ ip: { source: '127.0.0.1' } }),
      segment({ ip: { source: vip } }),
      errorAboutReply({ type: 3, code: 1 }, {}, { source: '224.0.0.1' }),
    ),
    verdicts: { pass_martian: 3 },
  },
  fragment: {
    steps: each(
      segment({ ip: { mf: true } }),
      datagram({ fragmentOffset: 8 }),
      segment({ ip: { mf: true, destination: '192.0.2.99' } }),
      frame({ ip: { mf: true }, icmp: {} }),
    ),
    verdicts: { drop_fragment: 2, pass_fragment: 2 },
  },
  'malformed-ethernet': {
    steps: each(segment().subarray(0, 13), segment({ vlans: [7] }).subarray(0, 16), Buffer.alloc(0)),
    verdicts: { malformed_ethernet: 3 },
  },
  'malformed-ipv4': {
    steps: each(
      segment().subarray(0, 33),
      segment({ vlans: [8, 7] }).subarray(0, 40),
      segment({ ip: { ihl: 4 } }),
      segment({ ip: { version: 6 } }),
      segment({ ip: { totalLength: 19 } }),
      segment({ ip: { totalLength: 41 } }),
    ),
    verdicts: { malformed_ipv4: 6 },
  },
  'malformed-l4': {
    steps: each(
      frame({ ip: { protocol: 6 }, payload: Buffer.alloc(19) }),
      frame({ ip: { protocol: 6 }, payload: Buffer.alloc(8) }),
      segment({ tcp: { dataOffset: 4 } }),
      segment({ tcp: { dataOffset: 6 } }),
      datagram({}, { udp: { length: 7 } }),
      datagram({}, { udp: { length: 9 } }),
      frame({ ip: { protocol: 17 }, payload: Buffer.alloc(7) }),
      frame({ ip: { protocol: 17 }, payload: Buffer.alloc(2) }),
      frame({ ip: { protocol: 1 }, payload: Buffer.alloc(7, 3) }),
      frame({ ip: { protocol: 1 } }),
    ),
    verdicts: { malformed_l4: 10 },
  },
  'malformed-checksum': {
    steps: [...each(segment({ ip: { checksum: 1 } })), frameStep(segment({ ip: { checksum: 1 } }), { mend: true })],
    verdicts: { malformed_checksum: 1, route_tx: 1 },
  },
} as const satisfies Record<string, Seed>
