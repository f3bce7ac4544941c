/** What commands ask for, and what of it the director lacks. */
import { DirectorError, type UnsupportedError } from '../../core/errors.js'
import { type Forwarding, maxWeight, type RealServer, type ServerKey } from '../../core/real-server.js'
import { schedulerNamed } from '../../scheduler/index.js'
import { addressText } from '../codec/address.js'
import { NetlinkError } from '../codec/error.js'
import {
  AF,
  type DestAttributes,
  IP_VS_CONN_F,
  IP_VS_SVC_F,
  type ServiceAttributes,
  TUNNEL_TYPE,
} from '../codec/ipvs.js'
import { type Lack, LackError, lacking } from './refusals.js'
import type { ServiceRef } from './service-ref.js'

/**
 * Reads what a new or changed service is to be (the second half of ip_vs_genl_parse_service in ip_vs_ctl.c). Without persistence
 * its timeout and netmask mean nothing.
 * @throws NetlinkError EINVAL if an attribute is missing.
 */
export function requestedService(service: ServiceAttributes | undefined): {
  readonly scheduler: string
  readonly lacks: readonly Lack[]
} {
  const { schedName, peName, flags, timeout, netmask } = service ?? {}
  if (schedName === undefined || flags === undefined || timeout === undefined || netmask === undefined) {
    throw new NetlinkError('EINVAL', 'not all that a service needs')
  }
  const set = flags.flags & flags.mask
  const lacks: Lack[] = [...lackOfScheduler(schedName)]
  if (peName) lacks.push({ feature: `--pe ${peName}`, code: 'ENOENT' })
  for (const [bits, feature] of flagFeatures) if (set & bits) lacks.push({ feature, code: lacking })
  return { scheduler: schedName, lacks }
}

const flagFeatures: readonly (readonly [bits: number, feature: string])[] = [
  [IP_VS_SVC_F.PERSISTENT, 'persistence (-p)'],
  [IP_VS_SVC_F.ONEPACKET, 'one-packet scheduling (-o)'],
  [IP_VS_SVC_F.SCHED1 | IP_VS_SVC_F.SCHED2 | IP_VS_SVC_F.SCHED3, 'scheduler flags (-b)'],
]

/** As a kernel without the module ip_vs_NAME (ip_vs_scheduler_get). */
function* lackOfScheduler(name: string): Iterable<Lack> {
  try {
    schedulerNamed(name)
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error
    yield { feature: `-s ${name}`, code: 'ENOENT' }
  }
}

/**
 * Reads which real server of a service a client speaks of (ip_vs_genl_parse_dest in ip_vs_ctl.c).
 * @throws NetlinkError EINVAL if an attribute is missing, EAFNOSUPPORT for an address that is not IPv4.
 */
export function requestedKey(dest: DestAttributes | undefined, { text }: ServiceRef): ServerKey {
  const { addr, port, addrFamily = AF.UNSPEC } = dest ?? {}
  if (addr === undefined || port === undefined) throw new NetlinkError('EINVAL', 'no real server, or not all of one')
  if (addrFamily === AF.INET6) throw new LackError(text, [{ feature: 'IPv6', code: 'EAFNOSUPPORT' }])
  if (addrFamily !== AF.INET && addrFamily !== AF.UNSPEC) {
    throw new NetlinkError('EAFNOSUPPORT', `address family ${addrFamily}`)
  }
  return { rip: addressText(AF.INET, addr), rport: port }
}

const forwardings = new Map<number, Forwarding>([
  [IP_VS_CONN_F.DROUTE, 'route'],
  [IP_VS_CONN_F.TUNNEL, 'tunnel'],
  [IP_VS_CONN_F.MASQ, 'masq'],
])

/**
 * Reads what a new or changed real server is to be, and checks it as ip_vs_add_dest() does.
 * @throws NetlinkError EINVAL, EAFNOSUPPORT; ERANGE for a negative weight or a lower threshold above the upper one.
 */
export function requestedServer(
  dest: DestAttributes | undefined,
  service: ServiceRef,
): { readonly server: RealServer; readonly lacks: readonly Lack[] } {
  const { fwdMethod, weight, uThresh, lThresh, tunType = TUNNEL_TYPE.IPIP, tunPort = 0 } = dest ?? {}
  const key = requestedKey(dest, service)
  if (fwdMethod === undefined || weight === undefined || uThresh === undefined || lThresh === undefined) {
    throw new NetlinkError('EINVAL', 'not all that a real server needs')
  }
  if (weight > maxWeight) throw new NetlinkError('ERANGE', 'a negative weight')
  if (lThresh > uThresh) throw new NetlinkError('ERANGE', 'the lower threshold is above the upper one')
  if (tunType === TUNNEL_TYPE.GUE && tunPort === 0) throw new NetlinkError('EINVAL', 'a GUE tunnel to port 0')
  const method = fwdMethod & IP_VS_CONN_F.FWD_MASK
  const forwarding = forwardings.get(method)
  const lacks: Lack[] = []
  const lack = (feature: string) => lacks.push({ feature, code: lacking })
  if (forwarding === undefined) lack(`forwarding method ${method}`)
  if (forwarding === 'tunnel' && tunType !== TUNNEL_TYPE.IPIP) lack(`--tun-type ${tunnelNames[tunType] ?? tunType}`)
  if (uThresh > 0) lack('thresholds (-x, -y)')
  return { server: { ...key, forwarding: forwarding ?? 'route', weight }, lacks }
}

const tunnelNames: Readonly<Record<number, string>> = { [TUNNEL_TYPE.GUE]: 'gue', [TUNNEL_TYPE.GRE]: 'gre' }

/** What the director itself has refused, for the log. */
export function asLack(error: UnsupportedError): Lack {
  return { feature: error.capability, code: lacking }
}
