import { connState } from '../tables/layout.gen.js'
import { ipProtocol, type Packet, tcpFlag } from './packet.js'

const {
  ESTABLISHED: ES,
  SYN_SENT: SS,
  SYN_RECV: SR,
  FIN_WAIT: FW,
  TIME_WAIT: TW,
  CLOSE: CL,
  CLOSE_WAIT: CW,
  LAST_ACK: LA,
  LISTEN: LI,
} = connState

/** tcp_states[INPUT-ONLY] of net/netfilter/ipvs/ip_vs_proto_tcp.c: what the client's packets make of each enum conn_state. */
const tcpTransitions = {
  // biome-ignore format: a table
  //    NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
  syn: [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR],
  fin: [CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW],
  ack: [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES],
  rst: [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL],
} as const

/** The state after one more packet from the client. */
export function nextState(state: number, { protocol, tcpFlags }: Packet): number {
  if (protocol !== ipProtocol.TCP) return connState.UDP
  return transitions(tcpFlags)?.[state] ?? connState.CLOSE
}

/** tcp_state_idx(): the first of these flags that is set decides. */
function transitions(flags: number): readonly number[] | undefined {
  if (flags & tcpFlag.RST) return tcpTransitions.rst
  if (flags & tcpFlag.SYN) return tcpTransitions.syn
  if (flags & tcpFlag.FIN) return tcpTransitions.fin
  return flags & tcpFlag.ACK ? tcpTransitions.ack : undefined
}

/** tcp_state_active_table: whether a connection counts as active. UDP never does. */
export function isActive(state: number): boolean {
  return state === ES || state === SS || state === SR || state === connState.SYNACK
}
