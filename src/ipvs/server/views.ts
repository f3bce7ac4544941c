/** What the director shows, in IPVS's attributes. */
import type { Rates, ServerView, ServiceView } from '../../api/protocol.js'
import type { Forwarding } from '../../core/real-server.js'
import type { Traffic } from '../../core/traffic.js'
import { inetAddress } from '../codec/address.js'
import {
  AF,
  type DestAttributes,
  IP_VS_CONN_F,
  IP_VS_SVC_F,
  type ServiceAttributes,
  type Stats,
  TUNNEL_TYPE,
} from '../codec/ipvs.js'
import { ipProtocols } from './service-ref.js'

const fwdMethods: Readonly<Record<Forwarding, number>> = {
  route: IP_VS_CONN_F.DROUTE,
  tunnel: IP_VS_CONN_F.TUNNEL,
  masq: IP_VS_CONN_F.MASQ,
}

/** A service without persistence: its timeout is 0, its mask that of one host, which is what ipvsadm gives to such a one. */
export function serviceAttributes({ protocol, vip, vport, scheduler, ...view }: ServiceView): ServiceAttributes {
  const stats = statsOf(view)
  return {
    af: AF.INET,
    protocol: ipProtocols[protocol],
    addr: inetAddress(vip),
    port: vport,
    schedName: scheduler,
    flags: { flags: IP_VS_SVC_F.HASHED, mask: 0xffff_ffff },
    timeout: 0,
    netmask: 0xffff_ffff,
    stats,
    stats64: stats,
  }
}

export function destAttributes(server: ServerView): DestAttributes {
  const stats = statsOf(server)
  return {
    addr: inetAddress(server.rip),
    port: server.rport,
    fwdMethod: fwdMethods[server.forwarding],
    weight: server.weight,
    tunType: TUNNEL_TYPE.IPIP,
    tunPort: 0,
    tunFlags: 0,
    uThresh: 0,
    lThresh: 0,
    activeConns: server.active,
    inactConns: server.inactive,
    persistConns: 0,
    addrFamily: AF.INET,
    stats,
    stats64: stats,
  }
}

/** By routing and tunnelling nothing comes back through the director. */
function statsOf({ traffic, rates }: { readonly traffic: Traffic; readonly rates: Rates }): Stats {
  return {
    conns: traffic.conns,
    inpkts: traffic.inPackets,
    outpkts: 0,
    inbytes: traffic.inBytes,
    outbytes: 0,
    cps: rates.cps,
    inpps: rates.inPps,
    outpps: 0,
    inbps: rates.inBps,
    outbps: 0,
  }
}
