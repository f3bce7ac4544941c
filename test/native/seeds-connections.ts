/** What becomes of connections and of the table that they are in. */
import { connState } from '../../src/dataplane/tables/layout.gen.js'
import { again, frameStep, sweep, time, timeout } from './input.js'
import { at, datagram, segment, tcpFlag } from './seed-frames.js'
import type { Seed } from './seeds.js'

const { fin, syn, rst, ack } = tcpFlag
/** TIMEOUT_TICKS of world.h. */
const timeoutTicks = 900
const syned = frameStep(segment())
/** The same segment with other flags. */
const then = (before: number, after: number) => again(at.tcpFlags, after - before)
const eightDatagrams = [frameStep(datagram()), again(at.sport, 1, { times: 7 })]
const established = [syned, then(syn, ack)]

export const connectionSeeds = {
  connection: {
    steps: [...established, then(ack, ack), then(ack, fin | ack), then(fin | ack, ack), sweep(1)],
    verdicts: { route_tx: 5 },
  },
  'every-flag': { steps: [syned, again(at.tcpFlags, 1, { times: 255 })], verdicts: { route_tx: 256 } },
  'reused-tuple': {
    steps: [...established, then(ack, rst), then(rst, syn), then(syn, ack)],
    verdicts: { route_tx: 5 },
  },
  'given-up-by-syn-and-rst': {
    steps: [...established, then(ack, rst), then(rst, syn | rst), then(syn | rst, ack)],
    verdicts: { route_tx: 3, pass_no_conn: 2 },
  },
  'expired-and-again': { steps: [syned, time(timeoutTicks), again(0, 0)], verdicts: { route_tx: 2 } },
  'expired-and-swept': {
    steps: [...established, time(timeoutTicks - 1), sweep(1), time(6), sweep(2), sweep(2), then(ack, ack)],
    verdicts: { route_tx: 2, pass_no_conn: 1 },
  },
  'swept-by-sets': { steps: [syned, time(timeoutTicks), ...Array(9).fill(sweep(255))], verdicts: { route_tx: 1 } },
  'slack-of-the-timer': {
    steps: [...established, ...[1, 4, 5, 900, 905].flatMap((ticks) => [time(ticks), then(ack, ack)])],
    verdicts: { route_tx: 6, pass_no_conn: 1 },
  },
  'time-wraps': {
    steps: [time(2 ** 32 - 1000 - 10), ...established, time(20), then(ack, ack), time(timeoutTicks + 4), sweep(1)],
    verdicts: { route_tx: 3 },
  },
  'half-of-all-time': {
    steps: [...established, time(2 ** 31 - 1), sweep(1), then(ack, syn), time(2 ** 31), then(syn, syn)],
    verdicts: { route_tx: 4 },
  },
  timeouts: {
    steps: [
      timeout(connState.ESTABLISHED, 10),
      ...established,
      time(11),
      then(ack, ack),
      timeout(connState.UDP, 0),
      frameStep(datagram()),
      again(at.sport, 0),
    ],
    verdicts: { route_tx: 4, pass_no_conn: 1 },
  },
  'table-full': {
    sets: 1,
    steps: [...eightDatagrams, ...eightDatagrams, again(at.sport, 1)],
    verdicts: { route_tx: 16, drop_table_full: 1 },
  },
  'datagrams-give-way': {
    sets: 1,
    steps: [frameStep(datagram()), again(at.sport, 1, { times: 100 })],
    verdicts: { route_tx: 101 },
  },
  'half-open-give-way': {
    sets: 1,
    steps: [syned, again(at.sport, 1, { times: 100 })],
    verdicts: { route_tx: 101 },
  },
  'two-sets': {
    sets: 2,
    steps: [
      syned,
      again(at.sport, 1, { times: 15 }),
      then(syn, ack),
      again(at.sport, 1),
      time(timeoutTicks),
      then(ack, syn),
      again(at.sport, 1, { times: 60 }),
    ],
    verdicts: { route_tx: 78, pass_no_conn: 1 },
  },
} as const satisfies Record<string, Seed>
