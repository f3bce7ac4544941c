import type { Address } from './address.js'

/** Ways to reach a real server: LVS/DR, LVS/TUN, LVS/NAT. */
export const forwardings = ['route', 'tunnel', 'masq'] as const
export type Forwarding = (typeof forwardings)[number]

/** What makes a real server within its service. */
export interface ServerKey {
  readonly rip: Address
  /** 1..65535. */
  readonly rport: number
}

/** A real server as an operator states it. */
export interface RealServer extends ServerKey {
  readonly forwarding: Forwarding
  /** 0..2147483647; 0 quiesces: no new connections, the present ones go on. */
  readonly weight: number
}

/** The largest weight (Debian's ipvsadm allows a positive C int). */
export const maxWeight = 0x7fff_ffff

export function isSameServer(a: ServerKey, b: ServerKey): boolean {
  return a.rip === b.rip && a.rport === b.rport
}

/** The key as text, `10.0.0.11:80`. */
export function serverKeyText({ rip, rport }: ServerKey): string {
  return `${rip}:${rport}`
}
