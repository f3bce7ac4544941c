/** What the generated steps are about: few of everything, so that they meet each other often. */
import type { NextHop } from '../../src/core/next-hop.js'
import type { RealServer } from '../../src/core/real-server.js'
import type { VirtualService } from '../../src/core/virtual-service.js'
import { hopTo } from '../lib/fake-next-hops.js'

/** Numbers that a seed decides. */
export class Choice {
  constructor(readonly random: () => number) {}

  /** 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T
  }

  /** True once in so many times. */
  onceIn(times: number): boolean {
    return this.below(times) === 0
  }
}

const loopback = 1

export const vips = ['192.0.2.10', '192.0.2.11'] as const
export const vports = { tcp: [80, 443], udp: [53] } as const
/** The last ones are no addresses of hosts. */
export const clients = [
  '198.51.100.1',
  '198.51.100.2',
  '203.0.113.77',
  '192.0.2.10',
  '0.0.0.1',
  '127.0.0.1',
  '224.0.0.1',
]
export const rips = Array.from({ length: 6 }, (_, i) => `10.0.0.${i + 1}`)
/** The director's own address towards all real servers. */
export const dip = hopTo(1).saddr
export const directorMacs = ['02:00:00:00:00:02', '02:00:00:00:00:03'] as const

export function someService(choice: Choice): VirtualService {
  const protocol = choice.of(['tcp', 'tcp', 'udp'] as const)
  const scheduler = choice.of(['rr', 'wrr', 'lc', 'wlc'])
  return { protocol, vip: choice.of(vips), vport: choice.of(vports[protocol]), scheduler }
}

export function someServers(choice: Choice): RealServer[] {
  return rips
    .filter(() => choice.onceIn(2))
    .sort(() => choice.random() - 0.5)
    .map((rip) => ({
      rip,
      rport: 80,
      forwarding: choice.of(['route', 'tunnel'] as const),
      weight: choice.of([0, 1, 1, 2, 3, 7, 100, 2 ** 31 - 1]),
    }))
}

/** Ways on the interface that frames come in by, and on another. */
export function someHop(choice: Choice, rip: string): NextHop {
  if (choice.onceIn(12)) return choice.of(['unresolved', 'local'] as const)
  const way = hopTo(rips.indexOf(rip) + 1)
  return { ...way, ifindex: choice.of([loopback, loopback, 2]), mtu: choice.of([1500, 1500, 1400, 576, 68]) }
}
