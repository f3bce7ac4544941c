import type { Address } from '../../src/core/address.js'
import { type HostSpec, withoutPrefix } from './network.js'

/** A real server of a lab. */
export interface LabServerSpec {
  /** What its web server answers with. */
  readonly name: string
  readonly host: HostSpec
  readonly forwarding: 'route' | 'tunnel'
  readonly weight: number
}

/** A topology and its one service, TCP VIP:80. */
export interface LabSpec {
  readonly name: string
  readonly title: string
  readonly vip: Address
  /** Where the director has the VIP. */
  readonly vipDevice: 'eth0' | 'lo'
  readonly scheduler: 'rr' | 'wrr' | 'lc' | 'wlc'
  readonly client: HostSpec
  readonly director: HostSpec
  /** By name. They forward between all their interfaces. */
  readonly routers: Readonly<Record<string, Omit<HostSpec, 'router'>>>
  readonly servers: readonly LabServerSpec[]
}

/** The service as an operator scripts it. */
export function rulesOf(spec: LabSpec): string {
  const service = `-t ${spec.vip}:80`
  const servers = spec.servers.map((server) => {
    const forwarding = server.forwarding === 'route' ? '-g' : '-i'
    return `ipvsadm -a ${service} -r ${ripOf(server)}:80 ${forwarding} -w ${server.weight}`
  })
  return [`ipvsadm -A ${service} -s ${spec.scheduler}`, ...servers, ''].join('\n')
}

/** Address of a real server: that of its first interface. */
export function ripOf({ host }: LabServerSpec): Address {
  return withoutPrefix(host.interfaces[0]?.address ?? '')
}
