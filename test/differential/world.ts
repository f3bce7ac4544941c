/** What the generated steps are about: few of everything, so that they meet each other often. */
import type { NextHop } from '../../src/core/next-hop.js'
import type { RealServer } from '../../src/core/real-server.js'
import type { VirtualService } from '../../src/core/virtual-service.js'
import { hopTo } from '../lib/fake-next-hops.js'
import { defaultAddresses } from '../lib/packet.js'

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

/** Who sends frames to whom. */
export interface World {
  readonly vips: readonly string[]
  /** Those that send most, and others, of which some are no addresses of hosts. */
  readonly clients: readonly string[]
  readonly strangers: readonly string[]
  /** Real servers behind tunnels. */
  readonly rips: readonly string[]
  /** The director's own address towards all real servers. */
  readonly dip: string
  readonly gatewayMac: string
  readonly directorMacs: readonly string[]
}

export const vports = { tcp: [80, 443], udp: [53] } as const
export const rips = Array.from({ length: 6 }, (_, i) => `10.0.0.${i + 1}`)
export const world: World = {
  vips: ['192.0.2.10', '192.0.2.11'],
  clients: ['198.51.100.1', '198.51.100.2', '203.0.113.77'],
  strangers: ['192.0.2.10', '0.0.0.1', '127.0.0.1', '224.0.0.1'],
  rips,
  dip: hopTo(1).saddr,
  gatewayMac: defaultAddresses.clientMac,
  directorMacs: ['02:00:00:00:00:02', '02:00:00:00:00:03'],
}

export function someService(choice: Choice, vips = world.vips): VirtualService {
  const protocol = choice.of(['tcp', 'tcp', 'udp'] as const)
  const scheduler = choice.of(['rr', 'wrr', 'lc', 'wlc'])
  return { protocol, vip: choice.of(vips), vport: choice.of(vports[protocol]), scheduler }
}

export function someServers(choice: Choice, of: readonly string[] = rips): RealServer[] {
  return of
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
