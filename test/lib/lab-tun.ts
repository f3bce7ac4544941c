import type { LabSpec } from './lab-spec.js'

/** LVS/TUN: the client in another subnet, two real servers beside the director, a third behind the router too. */
export const tun: LabSpec = {
  name: 'tun',
  title: 'LVS/TUN: client behind a router, real servers beside the director and behind the router',
  vip: '192.168.19.100',
  // Stands in for tunl0, which not every kernel has: a device that is not on the segment.
  vipDevice: 'lo',
  scheduler: 'rr',
  client: { interfaces: [{ segment: 'clients', address: '192.168.18.250/24' }], gateway: '192.168.18.254' },
  director: { interfaces: [{ segment: 'servers', address: '192.168.19.254/24' }], gateway: '192.168.19.1' },
  routers: {
    router: {
      interfaces: [
        { segment: 'clients', address: '192.168.18.254/24' },
        { segment: 'servers', address: '192.168.19.1/24' },
        { segment: 'remote', address: '192.168.20.1/24' },
      ],
    },
  },
  servers: [
    {
      name: 'server2',
      host: { interfaces: [{ segment: 'servers', address: '192.168.19.2/24' }], gateway: '192.168.19.1' },
      forwarding: 'tunnel',
      weight: 1,
    },
    {
      name: 'server3',
      host: { interfaces: [{ segment: 'servers', address: '192.168.19.3/24' }], gateway: '192.168.19.1' },
      forwarding: 'tunnel',
      weight: 1,
    },
    {
      name: 'remote',
      host: { interfaces: [{ segment: 'remote', address: '192.168.20.2/24' }], gateway: '192.168.20.1' },
      forwarding: 'tunnel',
      weight: 1,
    },
  ],
}
