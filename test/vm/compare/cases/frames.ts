import { far, farPath, narrow } from '../plan.js'
import { type Case, icmp, ipvsadm, packets, type Step, type StepFrame, tcp, udp } from '../step.js'

/** What routers and hosts may have made of a client's packet. */
const variants: Readonly<Record<string, StepFrame>> = {
  plain: {},
  'TOS 0xb8': { ip: { tos: 0xb8 } },
  'ECT(0)': { ip: { tos: 0x02 } },
  'ECT(1)': { ip: { tos: 0x01 } },
  'CE and TOS': { ip: { tos: 0x2b } },
  DF: { ip: { df: true } },
  'DF and id 0': { ip: { df: true, id: 0 } },
  'TTL 2': { ip: { ttl: 2 } },
  'TTL 255': { ip: { ttl: 255 } },
  'TTL 1': { ip: { ttl: 1 } },
  'TTL 1, DF, TOS': { ip: { ttl: 1, df: true, tos: 0x2b } },
  'TTL 0': { ip: { ttl: 0 } },
  'one byte': { payload: 'x' },
  'odd length': { payload: 'x'.repeat(1001) },
  'IP options': { ip: { options: Uint8Array.of(1, 1, 1, 0) } },
  'IP options, TTL 1': { ip: { options: Uint8Array.of(1, 1, 1, 0), ttl: 1 } },
  'TCP options': { tcp: { options: Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2) }, payload: 'data' },
  'wrong TCP checksum': { tcp: { checksum: 0x1234 } },
  'as long as a tunnel takes': { ip: { df: true }, payload: 'x'.repeat(1440) },
  'longer than a tunnel takes, DF': { ip: { df: true }, payload: 'x'.repeat(1441) },
  'as long as the segment takes, DF': { ip: { df: true, tos: 0x2b }, payload: 'x'.repeat(1460) },
}

/** Headers that contradict each other or the frame. */
const contradictions: Readonly<Record<string, StepFrame>> = {
  'longer than it says': { ip: { totalLength: 40 }, payload: 'trailer' },
  'longer than it says, and than a tunnel takes': { ip: { totalLength: 1480 }, payload: 'x'.repeat(1448) },
  'shorter than it says': { ip: { totalLength: 1000 } },
  'IP header of 16 bytes': { ip: { ihl: 4 } },
  'IP version 5': { ip: { version: 5 } },
  'IP length without its header': { ip: { totalLength: 19 } },
  'TCP header of 16 bytes': { tcp: { dataOffset: 4 } },
}

const port = 40_000

function segments(some: Readonly<Record<string, StepFrame>>): Step[] {
  return Object.entries(some).map(([text, spec]) => {
    const tcp = { sport: port, dport: 80, flags: 'A', ...spec.tcp }
    return packets(`tcp A, ${text}`, [{ ...spec, ip: { id: 0x1234, ...spec.ip }, tcp }])
  })
}

function connected(server: string): Step[] {
  return [...ipvsadm('-A -t VIP:80 -s rr', `-a -t VIP:80 -r ${server}`), tcp(port, 'S')]
}

function framesTo(name: string, server: string): Case {
  return { name: `frames by ${name}`, steps: [...connected(server), ...segments(variants)] }
}

/** By way, what goes and what does not. Headers of TCP and IP are 40 bytes. */
function narrowTo(name: string, server: string, mtu: number): Case {
  const long = { payload: 'x'.repeat(mtu + 1 - 40) }
  const steps = segments({
    'as long as it goes, DF': { ip: { df: true }, payload: 'x'.repeat(mtu - 40) },
    'too long, DF': { ip: { df: true }, ...long },
    'too long, DF and options': { ip: { df: true, options: Uint8Array.of(1, 1, 1, 0) }, ...long },
    'too long, DF and TTL 1': { ip: { df: true, ttl: 1 }, ...long },
    'as long as it goes': { payload: 'x'.repeat(mtu - 40) },
    'too long': long,
    'too long, TOS': { ip: { tos: 0x2b }, ...long },
  })
  const datagrams = [
    ...ipvsadm('-A -u VIP:53 -s rr', `-a -u VIP:53 -r ${server}`),
    udp(1, 53, { ip: { df: true }, payload: 'x'.repeat(mtu + 1 - 28) }),
    udp(1, 53, { payload: 'x'.repeat(mtu + 1 - 28) }),
  ]
  return { name: `longer than the way takes, by ${name}`, steps: [...connected(server), ...steps, ...datagrams] }
}

/** The last packet differs, and with it counters for good: nothing follows. Parts alone would be answered half a minute later. */
function fragmentsTo(name: string, server: string): Case {
  const ip = { id: 7, mf: true, protocol: 6 }
  return {
    name: `fragments by ${name}`,
    steps: [
      ...connected(server),
      tcp(port, 'A'),
      packets('tcp A in two fragments', [
        { tcp: { sport: port, dport: 80, flags: 'A', checksum: 0 }, payload: 'x'.repeat(20), ip },
        { payload: 'x'.repeat(20), ip: { ...ip, mf: false, fragmentOffset: 40 } },
      ]),
    ],
  }
}

function wrongChecksumTo(name: string, server: string): Case {
  return {
    name: `wrong IP checksum by ${name}`,
    steps: [
      ...connected(server),
      tcp(port, 'A'),
      tcp(1, 'S', {}, { ip: { checksum: 0x1234 } }),
      tcp(port, 'A', {}, { ip: { checksum: 0x1234 } }),
    ],
  }
}

/** An ICMP error of a router or the client about a reply of the real server. */
function errorAboutReply(name: string, type: number, code: number, rest = 0, tcp = { sport: 80, dport: port }): Step {
  return packets(`icmp ${name} about a reply`, [
    {
      ip: { id: 0x4321, ttl: 60, tos: 0xc0 },
      icmp: { type, code, rest },
      quoted: { ip: { source: 'VIP', destination: 'CIP', ttl: 55, df: true }, tcp: { ...tcp, flags: 'A' } },
      quotedBytes: 28,
    },
  ])
}

function errorsTo(name: string, server: string): Case {
  return {
    name: `ICMP errors to a real server by ${name}`,
    steps: [
      ...connected(server),
      tcp(port, 'A'),
      errorAboutReply('frag-needed', 3, 4, 1400),
      errorAboutReply('host unreachable', 3, 1),
      errorAboutReply('port unreachable', 3, 3),
      errorAboutReply('time exceeded', 11, 0),
      errorAboutReply('parameter problem', 12, 0),
      errorAboutReply('source quench', 4, 0),
      errorAboutReply('redirect', 5, 1, 0x0a0000fd),
      errorAboutReply('frag-needed, no such connection', 3, 4, 1400, { sport: 80, dport: 999 }),
      errorAboutReply('frag-needed, no such service', 3, 4, 1400, { sport: 81, dport: port }),
      icmp({ type: 8, rest: 0x00010001 }, { payload: 'ping' }),
      tcp(port, 'A'),
    ],
  }
}

/** An ICMP error of the router about a packet that the director has sent through a tunnel. */
function errorAboutTunnel(name: string, server: string, type: number, code: number, rest: number, df: boolean): Step {
  return packets(`icmp ${name} about the tunnel, inner packet ${df ? 'with' : 'without'} DF`, [
    {
      ip: { source: '10.0.0.253', destination: '10.0.0.1', tos: 0xc0 },
      icmp: { type, code, rest },
      quoted: {
        ip: { source: '10.0.0.1', destination: server, protocol: 4, df, ttl: 60 },
        quoted: { ip: { df, ttl: 63 }, tcp: { sport: port, dport: 80, flags: 'A' }, payload: 'x'.repeat(1360) },
      },
      quotedBytes: 548,
    },
  ])
}

function tunnelPath(name: string, server: string, df: boolean): Case {
  const long = (length: number) => tcp(port, 'A', {}, { ip: { df: true }, payload: 'x'.repeat(length - 40) })
  return {
    name: `path MTU of a tunnel, ${name}`,
    steps: [
      ...connected(`${server} -i`),
      long(1400),
      errorAboutTunnel('frag-needed', server, 3, 4, 1300, df),
      long(1280),
      long(1281),
      errorAboutTunnel('frag-needed again', server, 3, 4, 1200, df),
      long(1180),
      long(1181),
    ],
  }
}

export const frameCases: readonly Case[] = [
  framesTo('DR', '10.0.0.11 -g'),
  framesTo('TUN on the segment', '10.0.0.12 -i'),
  framesTo('TUN behind a router', `${far[0]} -i`),
  { name: 'contradictory frames by DR', steps: [...connected('10.0.0.11 -g'), ...segments(contradictions)] },
  { name: 'contradictory frames by TUN', steps: [...connected(`${far[0]} -i`), ...segments(contradictions)] },
  narrowTo('DR', `${narrow.near} -g`, narrow.mtu),
  narrowTo('TUN', `${narrow.far} -i`, narrow.mtu - 20),
  fragmentsTo('DR', '10.0.0.11 -g'),
  fragmentsTo('TUN', `${far[0]} -i`),
  wrongChecksumTo('DR', '10.0.0.11 -g'),
  wrongChecksumTo('TUN', `${far[0]} -i`),
  errorsTo('DR', '10.0.0.11 -g'),
  errorsTo('TUN', `${far[0]} -i`),
  tunnelPath('DF', farPath[0], true),
  tunnelPath('no DF', farPath[1], false),
  {
    name: 'other errors about a tunnel',
    steps: [
      ...connected(`${farPath[2]} -i`),
      tcp(port, 'A'),
      errorAboutTunnel('host unreachable', farPath[2], 3, 1, 0, false),
      errorAboutTunnel('protocol unreachable', farPath[2], 3, 2, 0, true),
      errorAboutTunnel('time exceeded', farPath[2], 11, 0, 0, false),
      errorAboutTunnel('frag-needed without an MTU', farPath[2], 3, 4, 0, true),
      errorAboutTunnel('host unreachable of no real server', '172.16.0.99', 3, 1, 0, false),
      tcp(port, 'A'),
    ],
  },
  {
    name: 'not for a virtual service',
    steps: [
      ...ipvsadm('-A -t VIP:80 -s rr', '-a -t VIP:80 -r 10.0.0.11'),
      tcp(1, 'S', { dport: 81 }),
      tcp(1, 'S', {}, { ip: { destination: 'VIP2' } }),
      udp(1, 80),
      icmp({ type: 8, rest: 0x00010001 }),
      tcp(1, 'S', {}, { ethernet: { destination: '02:00:00:00:99:99' } }),
      tcp(1, 'S', {}, { ethernet: { destination: 'ff:ff:ff:ff:ff:ff' } }),
      tcp(20, 'S'),
      tcp(1, 'S', {}, { ip: { source: 'VIP' } }),
    ],
  },
]
