import type { Group } from './group.js'
import type { GroupName } from './sample.js'

/** A group, and what it needs. Loaded when asked for: each has its own tools. */
export interface GroupEntry {
  readonly what: string
  /** Sends load from the network namespace that it runs in, which therefore has to be one of its own. */
  readonly ownNamespace: boolean
  /** Compares with kernel IPVS: never without one, or where there is one. */
  readonly ipvs: 'needed' | 'where there is one' | 'no'
  load(): Promise<Group>
}

export const groups: Readonly<Record<GroupName, GroupEntry>> = {
  micro: {
    what: 'ns per packet of the XDP program alone',
    ownNamespace: false,
    ipvs: 'no',
    load: async () => (await import('./micro/micro.js')).micro,
  },
  veth: {
    what: 'packets per second from interface to interface, by mode, method and connections',
    ownNamespace: true,
    ipvs: 'no',
    load: async () => (await import('./veth/veth.js')).veth,
  },
  raw: {
    what: 'packets per second by raw sockets, beside XDP in generic mode',
    ownNamespace: true,
    ipvs: 'no',
    load: async () => (await import('./raw/raw.js')).raw,
  },
  scale: {
    what: 'cost by the number of services and of real servers, in ns, ms and MiB',
    ownNamespace: false,
    ipvs: 'no',
    load: async () => (await import('./scale/scale.js')).scale,
  },
  latency: {
    what: 'time of a small HTTP request through a director, and without one',
    ownNamespace: false,
    ipvs: 'where there is one',
    load: async () => (await import('./latency/latency.js')).latency,
  },
  ipvs: {
    what: 'packets and new connections per second beside kernel IPVS',
    ownNamespace: true,
    ipvs: 'needed',
    load: async () => (await import('./ipvs/ipvs.js')).ipvs,
  },
}
