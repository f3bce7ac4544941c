import t from 'tap'
import { lookAt, lookEveryMs, type NeighbourWatch, unknownNeighbour } from '../../../src/net/neighbour-watch.js'
import type { Neighbour, NeighbourState } from '../../../src/net/neighbours.js'

const key = { dev: 'eth0', address: '10.0.0.11' }
const nowMs = 100_000
const oneLookAgo = nowMs - lookEveryMs
const justNow = nowMs - 20
const longAgo = nowMs - 60_000
const A = '02:00:00:00:00:0a'
const B = '02:00:00:00:00:0b'

interface Case {
  title: string
  before?: NeighbourWatch
  /** State and MAC of the kernel's entry; absent: no entry. */
  seen?: [NeighbourState, string?]
  watch: NeighbourWatch
  action?: 'probe' | 'ask' | 'ask-anew'
}

const cases: Case[] = [
  { title: 'no entry: ask', watch: { mac: undefined, askedAtMs: nowMs }, action: 'ask' },
  {
    title: 'entry without a state: ask',
    seen: ['NONE'],
    watch: { mac: undefined, askedAtMs: nowMs },
    action: 'ask',
  },
  {
    title: 'being asked for by somebody else: wait',
    seen: ['INCOMPLETE'],
    watch: { mac: undefined, askedAtMs: nowMs },
  },
  { title: 'first answer', seen: ['REACHABLE', A], watch: { mac: A, probedAtMs: nowMs }, action: 'probe' },
  { title: 'stale is used and probed', seen: ['STALE', A], watch: { mac: A, probedAtMs: nowMs }, action: 'probe' },
  { title: 'delayed is used and probed', seen: ['DELAY', A], watch: { mac: A, probedAtMs: nowMs }, action: 'probe' },
  { title: 'permanent is left alone', seen: ['PERMANENT', A], watch: { mac: A } },
  { title: 'without ARP is left alone', seen: ['NOARP', A], watch: { mac: A } },
  {
    title: 'answered a look ago: probe again, though the kernel believes it for half a minute',
    before: { mac: A, probedAtMs: oneLookAgo },
    seen: ['REACHABLE', A],
    watch: { mac: A, probedAtMs: nowMs },
    action: 'probe',
  },
  {
    title: 'a look between two, for an event: no second question',
    before: { mac: A, probedAtMs: justNow },
    seen: ['REACHABLE', A],
    watch: { mac: A, probedAtMs: justNow },
  },
  {
    title: 'a new MAC is in force at once',
    before: { mac: A, probedAtMs: justNow },
    seen: ['REACHABLE', B],
    watch: { mac: B, probedAtMs: justNow },
  },
  {
    title: 'probed just now: time for the answer',
    before: { mac: A, probedAtMs: justNow },
    seen: ['PROBE', A],
    watch: { mac: A, probedAtMs: justNow },
  },
  {
    title: 'the kernel probes by itself: time for the answer',
    seen: ['PROBE', A],
    watch: { mac: A, probedAtMs: nowMs },
  },
  {
    title: 'no answer to the probe: ask everybody, the way stays',
    before: { mac: A, probedAtMs: oneLookAgo },
    seen: ['PROBE', A],
    watch: { mac: A, askedAtMs: nowMs },
    action: 'ask-anew',
  },
  {
    title: 'everybody is being asked: the way stays',
    before: { mac: A, askedAtMs: oneLookAgo },
    seen: ['INCOMPLETE'],
    watch: { mac: A, askedAtMs: oneLookAgo },
  },
  {
    title: 'a new one answers',
    before: { mac: A, askedAtMs: oneLookAgo },
    seen: ['REACHABLE', B],
    watch: { mac: B, probedAtMs: nowMs },
    action: 'probe',
  },
  {
    title: 'nobody answers: no way, ask again',
    before: { mac: A, askedAtMs: oneLookAgo },
    seen: ['FAILED'],
    watch: { mac: undefined, askedAtMs: oneLookAgo },
    action: 'ask',
  },
  {
    title: 'the kernel gave up on unicast alone: the way stays until everybody was asked',
    before: { mac: A, probedAtMs: oneLookAgo },
    seen: ['FAILED'],
    watch: { mac: A, askedAtMs: nowMs },
    action: 'ask',
  },
  {
    title: 'the entry was flushed: the way stays, ask',
    before: { mac: A, probedAtMs: oneLookAgo },
    watch: { mac: A, askedAtMs: nowMs },
    action: 'ask',
  },
  {
    title: 'asked long ago, and no entry is kept: no way',
    before: { mac: A, askedAtMs: longAgo },
    watch: { mac: undefined, askedAtMs: longAgo },
    action: 'ask',
  },
  {
    title: 'gone for long and back',
    before: { mac: undefined, askedAtMs: longAgo },
    seen: ['REACHABLE', A],
    watch: { mac: A, probedAtMs: nowMs },
    action: 'probe',
  },
]

for (const { title, before = unknownNeighbour, seen, watch, action } of cases) {
  t.test(title, (t) => {
    const [state, mac] = seen ?? []
    const entry: Neighbour | undefined = state && { ...key, state, ...(mac && { mac }) }
    const look = lookAt(key, before, entry, nowMs)
    t.strictSame(look.watch, watch)
    t.equal(look.action?.type, action)
    if (action) t.strictSame(look.action?.key, key)
    if (look.action?.type === 'probe') t.equal(look.action.mac, mac, 'the probe goes to the MAC that is known')
    t.end()
  })
}
