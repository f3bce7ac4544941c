import type { Address } from './address.js'

/** Transport protocols that a virtual service can have. */
export const protocols = ['tcp', 'udp'] as const
export type Protocol = (typeof protocols)[number]

/** What makes a virtual service: no two have the same key. */
export interface ServiceKey {
  readonly protocol: Protocol
  readonly vip: Address
  /** 1..65535. */
  readonly vport: number
}

/** A virtual service as an operator states it. */
export interface VirtualService extends ServiceKey {
  /** Name of a scheduler (src/scheduler/index.ts). */
  readonly scheduler: string
}

/** The key as text, `tcp 192.0.2.10:80`: for map keys, logs and messages. */
export function serviceKeyText({ protocol, vip, vport }: ServiceKey): string {
  return `${protocol} ${vip}:${vport}`
}
