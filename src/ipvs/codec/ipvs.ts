/**
 * The vocabulary of IPVS's family: commands, flags and attributes of include/uapi/linux/ip_vs.h. Attributes have the names and
 * the numbers that they have there (IPVS_SVC_ATTR_SCHED_NAME is `schedName`), the kinds that the policies of
 * net/netfilter/ipvs/ip_vs_ctl.c give them, and the order in which its fill functions write them.
 */
import { AttributeSet, nested, type ValuesOf } from './attributes.js'
import { be16, be32, in6Address, inetAddress, ipvsFlags, low32, nulString, u8, u16, u32, u64 } from './kinds.js'

export const IPVS_GENL_NAME = 'IPVS'
export const IPVS_GENL_VERSION = 1
/** 1.2.1, a byte each. */
export const IP_VS_VERSION_CODE = 0x010201
/** Attributes that commands have at their first level are numbered up to this. */
export const IPVS_CMD_ATTR_MAX = 6

/** IPVS_CMD_*. */
export const IPVS_CMD = {
  NEW_SERVICE: 1,
  SET_SERVICE: 2,
  DEL_SERVICE: 3,
  GET_SERVICE: 4,
  NEW_DEST: 5,
  SET_DEST: 6,
  DEL_DEST: 7,
  GET_DEST: 8,
  NEW_DAEMON: 9,
  DEL_DAEMON: 10,
  GET_DAEMON: 11,
  SET_CONFIG: 12,
  GET_CONFIG: 13,
  SET_INFO: 14,
  GET_INFO: 15,
  ZERO: 16,
  FLUSH: 17,
} as const

/** IP_VS_SVC_F_*. */
export const IP_VS_SVC_F = {
  PERSISTENT: 0x1,
  HASHED: 0x2,
  ONEPACKET: 0x4,
  SCHED1: 0x8,
  SCHED2: 0x10,
  SCHED3: 0x20,
} as const

/** IP_VS_CONN_F_*: forwarding methods, and the bits that they take. */
export const IP_VS_CONN_F = { MASQ: 0, LOCALNODE: 1, TUNNEL: 2, DROUTE: 3, FWD_MASK: 0x7 } as const

/** IP_VS_CONN_F_TUNNEL_TYPE_*. */
export const TUNNEL_TYPE = { IPIP: 0, GUE: 1, GRE: 2 } as const

/** IP_VS_STATE_*: which half of the sync daemon. */
export const IP_VS_STATE = { MASTER: 1, BACKUP: 2 } as const

/** sa_family_t (include/linux/socket.h). */
export const AF = { UNSPEC: 0, INET: 2, INET6: 10 } as const

/** IPVS_STATS_ATTR_* in 32 bits, but for bytes; rates are per second (ip_vs_genl_fill_stats). */
const stats = new AttributeSet({
  conns: [1, low32],
  inpkts: [2, low32],
  outpkts: [3, low32],
  inbytes: [4, u64],
  outbytes: [5, u64],
  cps: [6, low32],
  inpps: [7, low32],
  outpps: [8, low32],
  inbps: [9, low32],
  outbps: [10, low32],
})

/** IPVS_STATS_ATTR_* in 64 bits (ip_vs_genl_fill_stats64). */
const stats64 = new AttributeSet({
  conns: [1, u64],
  inpkts: [2, u64],
  outpkts: [3, u64],
  inbytes: [4, u64],
  outbytes: [5, u64],
  cps: [6, u64],
  inpps: [7, u64],
  outpps: [8, u64],
  inbps: [9, u64],
  outbps: [10, u64],
})

export type Stats = ValuesOf<typeof stats64>

/** IPVS_SVC_ATTR_*: a service has a mark, or protocol, address and port. */
const service = new AttributeSet({
  af: [1, u16],
  fwmark: [5, u32],
  protocol: [2, u16],
  addr: [3, inetAddress],
  port: [4, be16],
  schedName: [6, nulString(15)],
  peName: [11, nulString(16)],
  /** IP_VS_SVC_F. */
  flags: [7, ipvsFlags],
  /** Of persistence, in seconds. */
  timeout: [8, u32],
  netmask: [9, be32],
  stats: [10, nested(stats)],
  stats64: [12, nested(stats64)],
})

export type ServiceAttributes = ValuesOf<typeof service>

/** IPVS_DEST_ATTR_*: a real server. */
const dest = new AttributeSet({
  addr: [1, inetAddress],
  port: [2, be16],
  /** IP_VS_CONN_F. */
  fwdMethod: [3, u32],
  /** An int: what is above 2^31 - 1 is negative. */
  weight: [4, u32],
  /** TUNNEL_TYPE. */
  tunType: [13, u8],
  tunPort: [14, be16],
  tunFlags: [15, u16],
  uThresh: [5, u32],
  lThresh: [6, u32],
  activeConns: [7, u32],
  inactConns: [8, u32],
  persistConns: [9, u32],
  addrFamily: [11, u16],
  stats: [10, nested(stats)],
  stats64: [12, nested(stats64)],
})

export type DestAttributes = ValuesOf<typeof dest>

/** IPVS_DAEMON_ATTR_*: half of the sync daemon. */
const daemon = new AttributeSet({
  /** IP_VS_STATE. */
  state: [1, u32],
  mcastIfn: [2, nulString(15)],
  syncId: [3, u32],
  /** In bytes. */
  syncMaxlen: [4, u16],
  mcastPort: [7, u16],
  mcastTtl: [8, u8],
  mcastGroup: [5, be32],
  mcastGroup6: [6, in6Address],
})

export type DaemonAttributes = ValuesOf<typeof daemon>

/** IPVS_CMD_ATTR_*: what commands and their answers are about. Timeouts are in seconds. */
export const commandAttributes = new AttributeSet({
  service: [1, nested(service)],
  dest: [2, nested(dest)],
  daemon: [3, nested(daemon)],
  timeoutTcp: [4, u32],
  timeoutTcpFin: [5, u32],
  timeoutUdp: [6, u32],
})

export type CommandAttributes = ValuesOf<typeof commandAttributes>

/** IPVS_INFO_ATTR_*: the answer to GET_INFO. */
export const infoAttributes = new AttributeSet({
  /** IP_VS_VERSION_CODE. */
  version: [1, u32],
  connTabSize: [2, u32],
})
