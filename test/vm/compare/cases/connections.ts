import { type Case, ipvsadm, tcp, tcpSequence, udp, wait } from '../step.js'

const twoServers = ipvsadm('-A -t VIP:80 -s rr', '-a -t VIP:80 -r 10.0.0.11', '-a -t VIP:80 -r 10.0.0.12')

/**
 * The states that a director reaches that sees only what clients send, by the segments that lead there
 * (tcp_states_input_only in net/netfilter/ipvs/ip_vs_proto_tcp.c).
 */
const pathTo = {
  SYN_RECV: ['S'],
  ESTABLISHED: ['S', 'A'],
  FIN_WAIT: ['S', 'A', 'FA'],
  TIME_WAIT: ['S', 'F'],
  CLOSE: ['S', 'A', 'RA'],
} as const

/** Every event of the table, alone and together with others that it wins or loses against. */
const events = ['S', 'F', 'A', 'R', '', 'SA', 'FA', 'RA', 'PA', 'P', 'U', 'SF', 'SR', 'SFRA', 'FR', 'SE', 'AC']

/** From one state: for each event a connection that is brought there and given the event at once. */
function statesFrom(state: keyof typeof pathTo): Case {
  const steps = events.map((event, i) => tcpSequence(30_000 + i, [...pathTo[state], event]))
  return { name: `TCP states from ${state}`, steps: [...twoServers, ...steps] }
}

export const connectionCases: readonly Case[] = [
  ...(Object.keys(pathTo) as (keyof typeof pathTo)[]).map(statesFrom),
  {
    name: 'TCP without a connection',
    steps: [...twoServers, ...events.map((event, i) => tcp(30_000 + i, event))],
  },
  {
    name: 'SYN sent again',
    steps: [...twoServers, tcp([1, 2, 3], 'S'), tcp([3, 2, 1], 'S'), tcp([1, 1, 2, 4, 4, 5], 'S'), tcp([4, 5], 'A')],
  },
  {
    // The connection that is over is counted when a server is picked for the new one. Where none is made, IPVS finds the
    // old one until its timer fires: what comes then comes a step later.
    name: 'tuples used again',
    steps: [
      ...ipvsadm('-A -t VIP:80 -s lc', '-a -t VIP:80 -r 10.0.0.11', '-a -t VIP:80 -r 10.0.0.12'),
      tcpSequence(1, ['S', 'F', 'S']),
      tcpSequence(2, ['S', 'A', 'RA', 'S', 'F', 'S']),
      tcpSequence(3, ['S', 'F', 'SR']),
      tcp(3, 'A'),
      ...ipvsadm('-e -t VIP:80 -r 10.0.0.11 -w 0', '-e -t VIP:80 -r 10.0.0.12 -w 0'),
      tcpSequence(2, ['F', 'S']),
      tcp(2, 'A'),
    ],
  },
  {
    name: 'timeouts set',
    steps: [
      ...twoServers,
      ...ipvsadm('-A -u VIP:53 -s rr', '-a -u VIP:53 -r 10.0.0.13'),
      tcp([1, 2, 3, 4], 'S'),
      tcp([1, 2], 'A'),
      udp([1, 2]),
      ...ipvsadm('--set 30 12 9'),
      tcp([1, 3], 'A'),
      tcp(3, 'FA'),
      udp(2),
      wait(12),
      wait(16),
      ...ipvsadm('--set 0 0 300'),
      udp([1, 3]),
    ],
  },
  {
    name: 'UDP',
    steps: [
      ...ipvsadm('-A -u VIP:53 -s wlc', '-a -u VIP:53 -r 10.0.0.11 -w 2', '-a -u VIP:53 -r 172.16.0.21 -i'),
      udp([1, 2, 3, 4, 5, 6]),
      udp([6, 5, 4, 3, 2, 1]),
      udp([1, 2], 54),
      ...ipvsadm('-e -u VIP:53 -r 10.0.0.11 -w 0'),
      udp([1, 2, 3, 7, 8]),
      ...ipvsadm('-Z -u VIP:53'),
      udp([7, 8]),
    ],
  },
  {
    name: 'no server available',
    steps: [
      ...ipvsadm('-A -t VIP:80 -s wlc', '-A -u VIP:53 -s rr'),
      tcp(1, 'S'),
      tcp(2, 'S', {}, { ip: { tos: 0x28, df: true }, payload: 'with data in it' }),
      tcp(1, 'A'),
      udp(1),
      udp(2, 53, { payload: 'x'.repeat(1200) }),
      ...ipvsadm('-a -t VIP:80 -r 10.0.0.11 -w 0', '-a -u VIP:53 -r 10.0.0.11 -w 0'),
      tcp(3, 'S'),
      udp(3),
      ...ipvsadm('-e -t VIP:80 -r 10.0.0.11 -w 1'),
      tcp(3, 'S'),
    ],
  },
  {
    name: 'servers removed and added again',
    steps: [
      ...ipvsadm('-A -u VIP2:53'),
      ...twoServers,
      tcp([1, 2, 3, 4], 'S'),
      tcp([1, 2, 3], 'A'),
      ...ipvsadm('-d -t VIP:80 -r 10.0.0.12'),
      tcp([1, 2, 3, 4], 'A'),
      tcp([1, 2], 'S'),
      tcp([5, 6], 'S'),
      ...ipvsadm('-a -t VIP:80 -r 10.0.0.12 -w 5'),
      tcp([1, 2, 3, 4, 5, 6], 'A'),
      tcp([7, 8], 'S'),
      ...ipvsadm('-D -t VIP:80'),
      tcp([1, 2, 7], 'A'),
      ...twoServers,
      tcp([1, 2, 3, 7], 'A'),
      tcp(9, 'S'),
    ],
  },
  {
    name: 'the last service removed and another one added',
    steps: [
      ...twoServers,
      tcp([1, 2, 3], 'S'),
      ...ipvsadm('-C'),
      tcp(1, 'A'),
      ...ipvsadm('-A -t VIP:80 -s lc', '-a -t VIP:80 -r 10.0.0.11 -i'),
      tcp([1, 2, 3], 'PA'),
      tcp(4, 'S'),
    ],
  },
  {
    name: 'a method changed under connections',
    steps: [
      ...twoServers,
      tcp([1, 2], 'S'),
      ...ipvsadm('-e -t VIP:80 -r 10.0.0.11 -i', '-e -t VIP:80 -r 10.0.0.12 -i'),
      tcp([1, 2], 'A'),
      tcp([3, 4], 'S'),
      ...ipvsadm('-e -t VIP:80 -r 10.0.0.11 -g'),
      tcp([1, 2, 3, 4], 'A'),
    ],
  },
  {
    name: "the director's own address as a real server",
    steps: [
      ...ipvsadm('-A -t VIP:80 -s rr', '-a -t VIP:80 -r 10.0.0.1', '-a -t VIP:80 -r 10.0.0.11'),
      tcp([1, 2, 3], 'S'),
      tcp([1, 2], 'A'),
    ],
  },
]
