import { type Neighbour, type NeighbourAction, type NeighbourKey, usableMac } from './neighbours.js'

/**
 * How the neighbour of a next hop is kept current. The kernel refreshes only entries that its own packets
 * use; packets forwarded in XDP are not among them, and even an entry in use is believed for half a minute
 * (base_reachable_time). So every neighbour is asked by unicast at each look; one that has not answered by the next
 * look is asked for by broadcast. Meanwhile the way in force stays: losing one answer loses no packet.
 */
export interface NeighbourWatch {
  /** In force; undefined: no way. */
  readonly mac: string | undefined
  /** When the unicast question in flight, or last answered, was sent. */
  readonly probedAtMs?: number
  /** When everybody was first asked; undefined while the neighbour answers. */
  readonly askedAtMs?: number
}

/** Before the first look. */
export const unknownNeighbour: NeighbourWatch = { mac: undefined }

/** How often the neighbours are looked at, in ms. A silent change of MAC is noticed after two looks. */
export const lookEveryMs = 750
/** Least time between two unicast questions, and for an answer: below lookEveryMs, whose timer may fire early. */
const patienceMs = 600
/** The kernel asks three times, a second apart, then says FAILED; whatever hinders it from that ends here. */
const giveUpAfterMs = 5000

/** What came of a look. */
export interface Look {
  readonly watch: NeighbourWatch
  readonly action?: NeighbourAction
}

/** One look at a neighbour: what is known now, and what to do about it. Pure. */
export function lookAt(key: NeighbourKey, before: NeighbourWatch, seen: Neighbour | undefined, nowMs: number): Look {
  const mac = usableMac(seen)
  if (!seen || mac === undefined) return waitForAnswer(key, before, seen, nowMs)
  switch (seen.state) {
    case 'PERMANENT':
    case 'NOARP':
      return { watch: { mac } }
    case 'PROBE':
      return waitForProbe(key, mac, before.probedAtMs ?? nowMs, nowMs)
    default:
      return probe(key, mac, before, nowMs)
  }
}

function probe(key: NeighbourKey, mac: string, before: NeighbourWatch, nowMs: number): Look {
  if (before.probedAtMs !== undefined && nowMs - before.probedAtMs < patienceMs) {
    return { watch: { mac, probedAtMs: before.probedAtMs } }
  }
  return { watch: { mac, probedAtMs: nowMs }, action: { type: 'probe', key, mac } }
}

function waitForProbe(key: NeighbourKey, mac: string, probedAtMs: number, nowMs: number): Look {
  if (nowMs - probedAtMs < patienceMs) return { watch: { mac, probedAtMs } }
  return { watch: { mac, askedAtMs: nowMs }, action: { type: 'ask-anew', key } }
}

function waitForAnswer(key: NeighbourKey, before: NeighbourWatch, seen: Neighbour | undefined, nowMs: number): Look {
  const { mac, askedAtMs = nowMs } = before
  const hopeless = (seen?.state === 'FAILED' && before.askedAtMs !== undefined) || nowMs - askedAtMs >= giveUpAfterMs
  const watch = { mac: hopeless ? undefined : mac, askedAtMs }
  return seen?.state === 'INCOMPLETE' ? { watch } : { watch, action: { type: 'ask', key } }
}
