import { isUnicast, parseAddress } from '../core/address.js'
import type { Timeouts } from '../core/connection.js'
import { DirectorError, UnsupportedError } from '../core/errors.js'
import { forwardings, maxWeight, type RealServer } from '../core/real-server.js'
import { protocols, type ServiceKey } from '../core/virtual-service.js'

/** The longest timeout in seconds: IPVS's INT_MAX / HZ at HZ 250 (ip_vs_set_timeout in ip_vs_ctl.c). */
export const maxTimeoutS = 8_589_934

/**
 * Checks the values of a service's key.
 * @throws DirectorError INVALID naming field, value and what is allowed.
 */
export function validateServiceKey({ protocol, vip, vport }: ServiceKey): void {
  if (!protocols.includes(protocol)) throw invalid('protocol', protocol, `one of ${protocols.join(', ')}`)
  parseAddress(vip, 'vip')
  integer('vport', vport, 1, 0xffff)
}

/**
 * Checks a real server. A port other than the service's is part of its key and of what is listed, and nothing else: routed and
 * tunnelled packets keep theirs. So it is in IPVS, where ipvsadm gives it the service's and keepalived what its file says.
 * @throws DirectorError INVALID, or UNSUPPORTED for masquerading.
 */
export function validateServer(server: RealServer): RealServer {
  const { rip, rport, forwarding, weight } = server
  parseAddress(rip, 'rip')
  if (!isUnicast(rip)) throw invalid('rip', rip, 'a unicast address')
  if (!forwardings.includes(forwarding)) throw invalid('forwarding', forwarding, `one of ${forwardings.join(', ')}`)
  if (forwarding === 'masq') {
    throw new UnsupportedError('masquerading (-m)', 'only direct routing (-g) and tunneling (-i) are available')
  }
  integer('rport', rport, 1, 0xffff)
  integer('weight', weight, 0, maxWeight)
  return { rip, rport, forwarding, weight }
}

/** @throws DirectorError INVALID. 0 keeps the present value. */
export function validateTimeouts({ tcpS, tcpFinS, udpS }: Timeouts): void {
  integer('tcpS', tcpS, 0, maxTimeoutS)
  integer('tcpFinS', tcpFinS, 0, maxTimeoutS)
  integer('udpS', udpS, 0, maxTimeoutS)
}

function integer(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(field, value, `a whole number from ${least} to ${most}`)
  }
}

function invalid(field: string, value: unknown, allowed: string): DirectorError {
  return new DirectorError('INVALID', `${field}: '${value}' is not ${allowed}`, { field, value })
}
