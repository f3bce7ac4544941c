/** What the daemon changes meanwhile, well and badly. */
import { configLayout, forward, picker, planLayout, planSegmentLayout } from '../../src/dataplane/tables/layout.gen.js'
import { again, frameStep, hop, macs, noService, plan, server, service, sweep, time, write } from './input.js'
import { at, datagram, otherVip, segment, tcpFlag, tunnelled } from './seed-frames.js'
import type { Seed } from './seeds.js'

const { syn, ack } = tcpFlag
const syned = frameStep(segment())
const acked = again(at.tcpFlags, ack - syn)
const another = again(at.sport, 1)
const toOther = (dport: number) => segment({ ip: { destination: otherVip }, tcp: { dport } })
const stranger = frameStep(segment({ ethernet: { destination: '02:00:00:00:00:99' } }))
/** So many servers from number 0 on. */
const servers = (n: number, weight: number) => Array.from({ length: n }, (_, i) => [i % 4, weight] as const)

/** Writes a field of plan 0. */
const planField = (field: keyof typeof planLayout.offsets, value: number) =>
  write('plans', planLayout.offsets[field], value)

const shareOfTwo = (['nearlyFull', 'shareLimit'] as const).map((field) =>
  write('config', configLayout.offsets[field], 2),
)
const other = frameStep(tunnelled())

export const changeSeeds = {
  local: { steps: [frameStep(toOther(443)), again(0, 0)], verdicts: { pass_local: 2 } },
  unresolved: {
    steps: [
      frameStep(toOther(443)),
      another,
      plan(5, picker.SEQUENCE, [], { nUnresolved: 1 }),
      frameStep(datagram({ destination: otherVip })),
    ],
    verdicts: { pass_local: 1, drop_unresolved: 2 },
  },
  'hop-changes': {
    steps: [
      syned,
      ...[{ ifindex: 2 }, { ifindex: 0 }, { ifindex: 1 }, { isLocal: true }].flatMap((way) => [
        hop(0, way),
        hop(1, way),
        again(0, 0),
      ]),
    ],
    verdicts: { route_tx: 2, route_redirect: 1, drop_unresolved: 1, pass_local: 1 },
  },
  'server-removed': {
    steps: [
      syned,
      server(0, { forward: forward.ROUTE, isAvailable: false }),
      server(1, { forward: forward.ROUTE, isAvailable: false }),
      acked,
      server(0, { forward: forward.TUNNEL }),
      server(1, { forward: forward.TUNNEL }),
      again(0, 0),
      another,
    ],
    verdicts: { route_tx: 2, drop_server_removed: 1, pass_no_conn: 1 },
  },
  'service-removed': {
    steps: [noService(0), noService(0), syned, noService(1), noService(2), frameStep(segment({ ip: { mf: true } }))],
    verdicts: { pass_no_service: 1, pass_fragment: 1 },
  },
  'services-come-and-go': {
    steps: [
      ...[0, 1, 2, 3, 4, 5].flatMap((first) => [
        ...[0, 3, 1, 4, 2, 5].map((which) => noService((first + which) % 6)),
        ...[2, 0, 5, 3, 1, 4].map((which) => service((first + which) % 6, 0)),
      ]),
      frameStep(toOther(443)),
    ],
    verdicts: { route_tx: 1 },
  },
  'service-added': { steps: [noService(0), service(0, 1), syned], verdicts: { tunnel_tx: 1 } },
  'own-macs': {
    steps: ['02', '03', '04'].map((last) =>
      frameStep(segment({ ethernet: { destination: `02:00:00:00:00:${last}` } })),
    ),
    verdicts: { route_tx: 2, pass_other_host: 1 },
  },
  'own-macs-change': {
    steps: [stranger, macs(0, 100), again(0, 0), macs(8, 100), another, time(100), another, macs(1, -1), another],
    verdicts: { pass_other_host: 2, route_tx: 3 },
  },
  'plan-sequence': {
    steps: [plan(0, picker.SEQUENCE, servers(8, 1)), syned, again(at.sport, 1, { times: 40 })],
    verdicts: { route_tx: 21, tunnel_tx: 20 },
  },
  'plan-least': {
    steps: [
      plan(0, picker.LEAST, [...servers(20, 1), [5, 255]]),
      frameStep(tunnelled()),
      syned,
      again(at.sport, 1, { times: 40 }),
    ],
    verdicts: { tunnel_tx: 2, tunnel_redirect: 38, route_tx: 2 },
  },
  'plan-empty': {
    steps: [plan(0, picker.LEAST, []), syned, plan(0, picker.SEQUENCE, []), again(0, 0), service(0, 255), again(0, 0)],
    verdicts: { icmp_port_unreachable: 2, drop_no_server: 1 },
  },
  'plan-least-endless': {
    steps: [
      planField('picker', picker.LEAST),
      planField('nEntries', 0xffffffff),
      planField('firstEntry', 0xffffffff),
      syned,
      planField('firstEntry', 0),
      another,
    ],
    verdicts: { icmp_port_unreachable: 2 },
  },
  'plan-sequence-endless': {
    steps: [
      planField('nSegments', 0xffffffff),
      planField('firstSegment', 0xffffffff),
      syned,
      planField('firstSegment', 0),
      another,
      write('planSegments', planSegmentLayout.offsets.firstEntry, 0xffffffff),
      planField('nSegments', 1),
      another,
      write('planSegments', planSegmentLayout.offsets.nEntries, 0),
      another,
      planField('length', 0),
      another,
      planField('picker', 99),
      another,
    ],
    verdicts: { icmp_port_unreachable: 6 },
  },
  'held-to-share': {
    sets: 1,
    // Two connections that are assured are all that the share allows; another service's find their slots.
    steps: [...shareOfTwo, frameStep(datagram()), again(0, 0), another, again(0, 0), sweep(1), another, other],
    verdicts: { route_tx: 4, drop_share: 1, tunnel_tx: 1 },
  },
  'gives-way-within-share': {
    sets: 1,
    steps: [...shareOfTwo, frameStep(datagram()), another, sweep(1), again(at.sport, 1, { times: 20 }), sweep(1)],
    verdicts: { route_tx: 22 },
  },
  'server-of-no-number': {
    // One of more than 24 bits makes an entry that is nobody's; -1 is none.
    steps: [
      plan(0, picker.SEQUENCE, [[0, 1]]),
      write('planEntries', 0, 0xfffffffe),
      syned,
      write('planEntries', 0, 0xffffffff),
      another,
      again(at.sport, -1),
      acked,
    ],
    verdicts: { drop_server_removed: 1, icmp_port_unreachable: 2, pass_no_conn: 1 },
  },
  'next-hop-of-no-number': {
    steps: [
      server(0, { forward: forward.ROUTE, nextHop: 255 }),
      server(1, { forward: forward.TUNNEL, nextHop: 64 }),
      syned,
      another,
    ],
    verdicts: { drop_unresolved: 1, tunnel_tx: 1 },
  },
  'set-mask': {
    steps: [write('config', configLayout.offsets.setMask, 0xffffffff), syned, another],
    verdicts: { drop_table_full: 2 },
  },
  'hash-seed-changes': {
    steps: [syned, write('config', configLayout.offsets.hashSeed, 2), acked],
    verdicts: { route_tx: 1, pass_no_conn: 1 },
  },
} as const satisfies Record<string, Seed>
