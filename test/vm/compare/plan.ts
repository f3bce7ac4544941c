/** The network on which both directors stand: who has which address, and where real servers are. */

export const director = { address: '10.0.0.1', mac: '02:00:0a:00:00:01' } as const

/** Neighbours on the segment. Clients are behind the gateway, far real servers behind the router. */
export const neighbours = {
  gateway: { address: '10.0.0.254', mac: '02:00:0a:00:00:fe' },
  router: { address: '10.0.0.253', mac: '02:00:0a:00:00:fd' },
} as const

/** Virtual addresses, all of them the director's own, and clients. */
export const virtualNetwork = '192.0.2.0/24'

/** Real servers on the segment. */
export const near = ['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14'] as const
/** Real servers behind the router. */
export const far = ['172.16.0.21', '172.16.0.22'] as const
/** Real servers whose route takes packets of no more than so many bytes, near and far. */
export const narrow = { near: '10.0.0.15', far: '172.16.0.25', mtu: 1000 } as const
/** Behind the router too; the path to it has an MTU that the router tells of, for one case alone. */
export const farPath = ['172.16.0.31', '172.16.0.32', '172.16.0.33'] as const

/** MACs can be read: 02:00 and the four bytes of the address. */
export function macOf(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))
  return ['02', '00', ...bytes].join(':')
}

/** Behind the router too, each for one case about errors that quote oddly. */
export const farQuoted = ['172.16.0.34', '172.16.0.35', '172.16.0.36'] as const

/** Behind the router too; the path to it has an MTU that a generator tells of. */
export const farDrawn = '172.16.0.41'

/** Lines of `ip` that make a director's side, on a device that is there. */
export function directorSetup(device: string): string[] {
  const servers = [...near, narrow.near].map((address) => ({ address, mac: macOf(address) }))
  const permanent = [...Object.values(neighbours), ...servers]
  return [
    `address add ${director.address}/24 dev ${device}`,
    `link set ${device} up`,
    `route add default via ${neighbours.gateway.address}`,
    `route add local ${virtualNetwork} dev lo`,
    `route add 172.16.0.0/24 via ${neighbours.router.address}`,
    `route add ${narrow.near}/32 dev ${device} src ${director.address} mtu ${narrow.mtu}`,
    `route add ${narrow.far}/32 via ${neighbours.router.address} mtu ${narrow.mtu}`,
    ...permanent.map(({ address, mac }) => `neighbour add ${address} lladdr ${mac} dev ${device} nud permanent`),
  ]
}

/** Clients have the addresses of a /24, and other clients those of another one. */
export const clientPrefixes = ['198.51.100.', '203.0.113.'] as const

/** What one case has for itself: connections and removed servers of the cases before it do not concern it. */
export interface Scope {
  readonly vip: string
  readonly vip2: string
  readonly cip: string
}

/** The scope of the i-th run of a pair of directors. The first 27,359 have no client and VIP in common. */
export function scopeOf(i: number): Scope {
  const host = (first: number, count: number) => first + (i % count)
  return {
    vip: `192.0.2.${host(10, 109)}`,
    vip2: `192.0.2.${host(120, 109)}`,
    cip: `${clientPrefixes[0]}${host(1, 251)}`,
  }
}

/** A second client of a scope. */
export function otherClientOf({ cip }: Scope): string {
  return cip.replace(...clientPrefixes)
}
