import type { LabSpec } from './lab-spec.js'

/** LVS/DR as it is most often written down: everything on one segment. */
export const dr: LabSpec = {
  name: 'dr',
  title: 'LVS/DR: client, director and real servers on one segment',
  vip: '192.168.0.1',
  vipDevice: 'eth0',
  scheduler: 'wlc',
  client: { interfaces: [{ segment: 'lan', address: '192.168.0.50/24' }] },
  director: { interfaces: [{ segment: 'lan', address: '192.168.0.10/24' }] },
  routers: {},
  servers: [
    {
      name: 'server1',
      host: { interfaces: [{ segment: 'lan', address: '192.168.0.100/24' }] },
      forwarding: 'route',
      weight: 1,
    },
    {
      name: 'server2',
      host: { interfaces: [{ segment: 'lan', address: '192.168.0.200/24' }] },
      forwarding: 'route',
      weight: 2,
    },
  ],
}
