import type { Address } from './address.js'
import type { Protocol } from './virtual-service.js'

/** States as `ipvsadm -Lc` prints them. */
export const connectionStates = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
  'UDP',
] as const
export type ConnectionState = (typeof connectionStates)[number]

/** One tracked client-to-VIP conversation. */
export interface Connection {
  readonly protocol: Protocol
  readonly state: ConnectionState
  /** Time left until it is forgotten, in milliseconds; never negative. */
  readonly expiresInMs: number
  readonly cip: Address
  readonly cport: number
  readonly vip: Address
  readonly vport: number
  readonly rip: Address
  readonly rport: number
}

/** The timeouts that `ipvsadm --set` changes, in seconds. */
export interface Timeouts {
  /** TCP ESTABLISHED. */
  readonly tcpS: number
  /** TCP FIN_WAIT. */
  readonly tcpFinS: number
  readonly udpS: number
}

export const defaultTimeouts: Timeouts = { tcpS: 900, tcpFinS: 120, udpS: 300 }

/**
 * Timeout of every state in seconds: IPVS's tcp_timeouts and udp_timeouts
 * (net/netfilter/ipvs/ip_vs_proto_tcp.c, ip_vs_proto_udp.c), with the three adjustable ones.
 */
export function stateTimeoutsS({ tcpS, tcpFinS, udpS }: Timeouts): Readonly<Record<ConnectionState, number>> {
  return {
    NONE: 2,
    ESTABLISHED: tcpS,
    SYN_SENT: 120,
    SYN_RECV: 60,
    FIN_WAIT: tcpFinS,
    TIME_WAIT: 120,
    CLOSE: 10,
    CLOSE_WAIT: 60,
    LAST_ACK: 30,
    LISTEN: 120,
    SYNACK: 120,
    UDP: udpS,
  }
}
