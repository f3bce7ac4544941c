import type { LabSpec } from './lab-spec.js'

/** One service, one real server by DR on the segment and one by TUN behind a router. */
export const mixed: LabSpec = {
  name: 'mixed',
  title: 'DR and TUN in one service: one real server on the segment, one behind a router',
  vip: '192.168.0.1',
  vipDevice: 'eth0',
  scheduler: 'wrr',
  client: { interfaces: [{ segment: 'lan', address: '192.168.0.50/24' }], gateway: '192.168.0.254' },
  director: { interfaces: [{ segment: 'lan', address: '192.168.0.10/24' }], gateway: '192.168.0.254' },
  routers: {
    router: {
      interfaces: [
        { segment: 'lan', address: '192.168.0.254/24' },
        { segment: 'remote', address: '192.168.20.1/24' },
      ],
    },
  },
  servers: [
    {
      name: 'near',
      host: { interfaces: [{ segment: 'lan', address: '192.168.0.100/24' }], gateway: '192.168.0.254' },
      forwarding: 'route',
      weight: 2,
    },
    {
      name: 'remote',
      host: { interfaces: [{ segment: 'remote', address: '192.168.20.2/24' }], gateway: '192.168.20.1' },
      forwarding: 'tunnel',
      weight: 1,
    },
  ],
}
