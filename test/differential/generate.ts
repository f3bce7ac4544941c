import { seededRandom } from '../lib/random.js'
import { Frames } from './frames.js'
import type { Step } from './step.js'
import { Choice, rips, someHop, someServers, someService, world } from './world.js'

/** Mostly time goes on after so many. */
const framesOfATick = 60
/** In every fifth stretch of so many frames time stands still: the budget of ICMP errors, one for each tick, runs out. */
const stretch = 1000

/** A few ticks, as many as ARM_SLACK and one more, a state's timeout and one more, with ARM_SLACK and without, the longest. */
const jumps = [1, 1, 4, 5, 10, 149, 150, 448, 895, 896, 899, 1789, 1793, 4471, 4475, 13412, 13416]

/** Steps that a seed decides: mostly frames, so many of them. */
export function* generate(seed: number, frames: number): Iterable<Step> {
  const choice = new Choice(seededRandom(seed))
  const source = new Frames(choice, world)
  yield* beginning(choice)
  for (let frame = 1; frame <= frames; frame++) {
    const timeStands = Math.floor(frame / stretch) % 5 === 4
    while (choice.onceIn(15)) {
      const change = someChange(choice)
      if (!timeStands || change.kind !== 'advance') yield change
    }
    if (!timeStands && frame % framesOfATick === 0) yield { kind: 'advance', ticks: 1 }
    yield { kind: 'frame', bytes: source.next() }
  }
}

/** Most ways are known, and most services there. */
function* beginning(choice: Choice): Iterable<Step> {
  for (const rip of rips) yield { kind: 'hop', rip, hop: someHop(choice, rip) }
  for (let i = 0; i < 6; i++) yield { kind: 'install', service: someService(choice), servers: someServers(choice) }
}

function someChange(choice: Choice): Step {
  switch (choice.below(12)) {
    case 0:
    case 1:
    case 2:
      return { kind: 'install', service: someService(choice), servers: someServers(choice) }
    case 3:
      return choice.onceIn(3) ? { kind: 'remove', service: someService(choice) } : { kind: 'collect' }
    case 4:
    case 5: {
      const rip = choice.of(rips)
      return { kind: 'hop', rip, hop: someHop(choice, rip) }
    }
    case 6:
      return choice.onceIn(4)
        ? { kind: 'macs', macs: world.directorMacs.slice(0, choice.below(3)) }
        : { kind: 'zero', service: someService(choice) }
    case 7:
      if (choice.onceIn(3)) return { kind: 'share', percent: choice.of([1, 20, 40, 100]) }
      return { kind: 'timeouts', timeouts: { tcpS: 1 + choice.below(900), tcpFinS: 1 + choice.below(120), udpS: 300 } }
    case 8:
      return choice.onceIn(5) ? { kind: 'restart' } : { kind: 'advance', ticks: 1 }
    default:
      return { kind: 'advance', ticks: choice.of(jumps) }
  }
}
