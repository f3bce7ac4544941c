import type { Protocol, ServiceKey } from '../../core/virtual-service.js'
import { addressText } from '../codec/address.js'
import { NetlinkError } from '../codec/error.js'
import { AF, type ServiceAttributes } from '../codec/ipvs.js'
import { type Lack, LackError, lacking } from './refusals.js'

/** Which service a client speaks of. */
export interface ServiceRef {
  /** For people: `tcp 192.0.2.10:80`, `fwmark 1`. */
  readonly text: string
  /** Absent if the director cannot have such a service. */
  readonly key?: ServiceKey
  /** What the director would need to have it. */
  readonly lacks: readonly Lack[]
}

/** Numbers of protocols (RFC 790, RFC 9260). */
export const ipProtocols: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 }
const protocolNames = new Map<number, string>([
  ...(Object.entries(ipProtocols) as [Protocol, number][]).map(([name, number]) => [number, name] as const),
  [132, 'sctp'],
])

const anyAddress = new Uint8Array(16)

/**
 * Reads the attributes that make a service (the first half of ip_vs_genl_parse_service in ip_vs_ctl.c).
 * @throws NetlinkError EINVAL if some are missing, EAFNOSUPPORT for an address family that is not IPv4: as a kernel without
 * CONFIG_IP_VS_IPV6.
 */
export function serviceRef(attributes: ServiceAttributes | undefined): ServiceRef {
  const { af, fwmark } = attributes ?? {}
  // A mark of 0 is none, and what else there is does not count then.
  const address = fwmark === undefined ? attributes : { protocol: ipProtocols.tcp, addr: anyAddress, port: 0 }
  const { protocol, addr, port } = address ?? {}
  if (af === undefined || protocol === undefined || addr === undefined || port === undefined) {
    throw new NetlinkError('EINVAL', 'no service, or not all that makes one')
  }
  if (fwmark && af === AF.INET) return { text: `fwmark ${fwmark}`, lacks: [{ feature: 'marks (-f)', code: lacking }] }
  const name = protocolNames.get(protocol) ?? `protocol ${protocol}`
  const host = addressText(af, addr)
  if (af === AF.INET6) {
    const text = fwmark ? `fwmark ${fwmark} IPv6` : `${name} [${host}]:${port}`
    throw new LackError(text, [{ feature: 'IPv6', code: 'EAFNOSUPPORT' }])
  }
  if (af !== AF.INET) throw new NetlinkError('EAFNOSUPPORT', `address family ${af}`)
  return { text: `${name} ${host}:${port}`, ...keyed(name, host, port) }
}

function keyed(name: string, vip: string, vport: number): Omit<ServiceRef, 'text'> {
  const protocol = (Object.keys(ipProtocols) as Protocol[]).find((known) => known === name)
  // Kernel IPVS takes any protocol and then matches no packet; its users are better served by the word for it.
  if (!protocol) return { lacks: [{ feature: name.toUpperCase(), code: 'EPROTONOSUPPORT' }] }
  if (vport === 0) return { lacks: [{ feature: 'port 0, all ports', code: lacking }] }
  return { key: { protocol, vip, vport }, lacks: [] }
}
