/** ICMP errors about what nobody has sent: how much of a quote IPVS looks at (ip_vs_in_icmp() of ip_vs_core.c). */
import type { IcmpFields, Ipv4Fields } from '../../../lib/packet.js'
import { director, far, farQuoted, narrow } from '../plan.js'
import { type Case, ipvsadm, packets, type Step, type StepFrame, tcp } from '../step.js'

const port = 40_000
const payload = 'x'.repeat(60)
const unreachable = { type: 3, code: 1 }

/** Headers that contradict themselves, or that no router quotes. */
const headers: Readonly<Record<string, Ipv4Fields>> = {
  'a plain header': {},
  'a length less than its header': { totalLength: 19 },
  'no length': { totalLength: 0 },
  'a length of more than is quoted': { totalLength: 0xffff },
  options: { options: Buffer.alloc(40, 1) },
  'options that its length leaves out': { options: Buffer.alloc(40, 1), totalLength: 59 },
  'a header of 16 bytes': { ihl: 4 },
  'a header longer than the quote': { ihl: 15, totalLength: 20 },
  'version 6': { version: 6 },
  'a wrong checksum': { checksum: 0x1234 },
  'TTL 0': { ttl: 0 },
  'the first fragment': { mf: true },
  'a later fragment': { mf: true, fragmentOffset: 1480 },
  'the last fragment': { fragmentOffset: 1480 },
}

/** Bytes behind the last header that is quoted: ports are four. */
const cuts = [-1, 0, 3, 4, 8]

function aboutReply(ip: Ipv4Fields = {}): StepFrame {
  return { ip: { source: 'VIP', destination: 'CIP', ...ip }, tcp: { sport: 80, dport: port, flags: 'A' }, payload }
}

function aboutTunnel(server: string, outer: Ipv4Fields = {}, inner: Ipv4Fields = {}): StepFrame {
  return {
    ip: { source: director.address, destination: server, protocol: 4, ...outer },
    quoted: { ip: inner, tcp: { sport: port, dport: 80, flags: 'A' }, payload },
  }
}

function error(
  text: string,
  quoted: StepFrame,
  { bytes, icmp = unreachable, df = false }: { bytes?: number; icmp?: IcmpFields; df?: boolean } = {},
): Step {
  const destination = quoted.ip?.protocol === 4 ? director.address : 'VIP'
  const ip = { source: '10.0.0.253', destination, tos: 0xc0, df }
  return packets(`icmp about ${text}`, [{ ip, icmp, quoted, ...(bytes !== undefined && { quotedBytes: bytes }) }])
}

function connected(server: string): Step[] {
  return [...ipvsadm('-A -t VIP:80 -s rr', `-a -t VIP:80 -r ${server}`), tcp(port, 'S'), tcp(port, 'A')]
}

function repliesOf(name: string, server: string): Case {
  return {
    name: `quotes of replies by ${name}`,
    steps: [
      ...connected(server),
      ...Object.entries(headers).map(([text, ip]) => error(`a reply with ${text}`, aboutReply(ip))),
      ...cuts.map((cut) => error(`${20 + cut} bytes of a reply`, aboutReply(), { bytes: 20 + cut })),
      error('a reply, wrong checksum', aboutReply(), { icmp: { ...unreachable, checksum: 0x1234 } }),
    ],
  }
}

function tunnelTo(server: string): Case {
  return {
    name: 'quotes of a tunnel',
    steps: [
      ...connected(`${server} -i`),
      ...Object.entries(headers).flatMap(([text, ip]) => [
        error(`a tunnel with ${text}`, aboutTunnel(server, ip)),
        error(`what is in a tunnel with ${text}`, aboutTunnel(server, {}, ip)),
      ]),
      ...cuts.map((cut) => error(`${40 + cut} bytes of a tunnel`, aboutTunnel(server), { bytes: 40 + cut })),
      error('a tunnel of another director', aboutTunnel(server, { source: '10.0.0.2' })),
      error('a tunnel, wrong checksum', aboutTunnel(server), { icmp: { ...unreachable, checksum: 0x1234 } }),
    ],
  }
}

function removed(name: string, server: string): Case {
  return {
    name: `errors for a removed server by ${name}`,
    steps: [
      ...connected(server),
      ...ipvsadm(`-d -t VIP:80 -r ${server.slice(0, -3)}`),
      error('a reply', aboutReply()),
      error('a tunnel', aboutTunnel(server.slice(0, -3))),
      tcp(port, 'A'),
    ],
  }
}

function longTo(name: string, server: string): Case {
  const steps = [false, true].map((df) =>
    error(`a long reply, DF ${df}`, { ...aboutReply(), payload: 'x'.repeat(1200) }, { df }),
  )
  return { name: `errors too long for the way by ${name}`, steps: [...connected(server), ...steps] }
}

/** What is learned from such a quote: whether a packet with DF of so many bytes goes. */
function learned(text: string, server: string, ip: Ipv4Fields): Case {
  const icmp = { type: 3, code: 4, rest: 1300 }
  const long = (length: number) => tcp(port, 'A', {}, { ip: { df: true }, payload: 'x'.repeat(length - 40) })
  return {
    name: `quotes of a tunnel, path MTU: ${text}`,
    steps: [
      ...connected(`${server} -i`),
      long(1400),
      error(`what is in a tunnel with ${text}`, aboutTunnel(server, {}, { df: true, ...ip }), { icmp }),
      long(1280),
      long(1281),
    ],
  }
}

export const quoteCases: readonly Case[] = [
  repliesOf('DR', '10.0.0.11 -g'),
  repliesOf('TUN', `${far[0]} -i`),
  tunnelTo(farQuoted[0]),
  removed('DR', '10.0.0.11 -g'),
  removed('TUN', `${far[0]} -i`),
  longTo('DR', `${narrow.near} -g`),
  longTo('TUN', `${narrow.far} -i`),
  learned('a length less than its header', farQuoted[1], { totalLength: 19 }),
  learned('a later fragment', farQuoted[2], { fragmentOffset: 1480 }),
]
