import type { GroupName } from './sample.js'

/** Which subject of a group another one is held against. */
const references: Readonly<Record<GroupName, Readonly<Record<string, string>>>> = {
  micro: { 'xlvs DR': 'textbook DR', 'xlvs TUN': 'textbook TUN' },
  veth: {
    'bare XDP_TX and one read': 'bare XDP_TX',
    'xlvs DR, XDP_TX': 'bare XDP_TX',
    'xlvs TUN, XDP_TX': 'bare XDP_TX',
    'xlvs DR, redirect': 'bare redirect',
    'xlvs TUN, redirect': 'bare redirect',
    'xlvs DR, generic': 'bare XDP_TX',
  },
  raw: {
    'xlvs DR, raw': 'bare raw sockets',
    'xlvs TUN, raw': 'bare raw sockets',
    'xlvs DR, generic': 'bare raw sockets',
  },
  scale: {},
  latency: { 'xlvs DR': 'no director', 'IPVS DR': 'no director' },
  ipvs: {
    'xlvs DR': 'IPVS DR',
    'xlvs TUN': 'IPVS TUN',
    'IPVS DR, 2^20 buckets': 'xlvs DR',
    'IPVS TUN, 2^20 buckets': 'xlvs TUN',
  },
}

/** What a subject is compared with in tables and plots; undefined: with nothing. */
export function referenceOf(group: GroupName, subject: string): string | undefined {
  return references[group][subject]
}
