import { Frames } from '../../../differential/frames.js'
import { Choice, someServers, someService, type World } from '../../../differential/world.js'
import { seededRandom } from '../../../lib/random.js'
import { isFragNeededFrame } from '../frame-kind.js'
import { director, farDrawn, narrow, near, neighbours, otherClientOf, type Scope, scopeOf } from '../plan.js'
import { type Case, type DrawnFrame, drawn, restore, type Step } from '../step.js'
import { isLeftOut, tunnelledPort } from './left-out.js'

const framesOfAStep = 8
const changeOnceIn = 8

/** What the frames are about, among other things: who has which address differs from run to run. */
const someScope = scopeOf(0)

/** Changes of rules and frames of the differential test (test/differential), drawn from a seed. */
export function drawnCase(seed: number, count: number): Case {
  const choice = new Choice(seededRandom(seed))
  const frames = new DrawnFrames(seed)
  const first = Array.from({ length: 6 }, () => installRules(choice)).flat()
  const steps = [restore(...keeper), restore(...first)]
  while (steps.length < count) {
    while (choice.onceIn(changeOnceIn)) steps.push(someChange(choice))
    steps.push(...frames.next())
  }
  return { name: `packets of seed ${seed}`, steps: steps.slice(0, count), isRandom: true }
}

/** The frames that a seed decides. For each scope they are the same but for addresses and what follows from them. */
class DrawnFrames {
  readonly #drawn = new WeakMap<Scope, { source: Frames; frames: Buffer[] }>()
  #taken = 0

  constructor(private readonly seed: number) {}

  /** A step of many frames, and one of a frame that has a rule of its own (differences.ts) if there is such a frame. */
  next(): Step[] {
    const together: DrawnFrame[] = []
    while (together.length < framesOfAStep) {
      const at = this.#taken++
      const frame = this.#frame(someScope, at)
      if (isLeftOut(frame)) continue
      const draw: DrawnFrame = (scope) => this.#frame(scope, at)
      if (isFragNeededFrame(frame)) return [...some(together), ...some([draw])]
      together.push(draw)
    }
    return some(together)
  }

  #frame(scope: Scope, at: number): Buffer {
    const { source, frames } = this.#drawn.get(scope) ?? {
      source: new Frames(new Choice(seededRandom(-this.seed)), worldOf(scope)),
      frames: [],
    }
    this.#drawn.set(scope, { source, frames })
    while (frames.length <= at) frames.push(source.next())
    return frames[at] as Buffer
  }
}

function some(frames: readonly DrawnFrame[]): Step[] {
  return frames.length > 0 ? [drawn(frames)] : []
}

function worldOf(scope: Scope): World {
  const { vip, vip2, cip } = scope
  return {
    vips: [vip, vip2],
    clients: [cip, cip, otherClientOf(scope)],
    strangers: [vip, '0.0.0.1', '127.0.0.1', '224.0.0.1'],
    rips: [farDrawn],
    dip: director.address,
    gatewayMac: neighbours.gateway.mac,
    directorMacs: [director.mac],
  }
}

const names = ['VIP', 'VIP2']

/** What real servers a service may have. An error about a tunnel has to be about the one of its connection (left-out.ts). */
function serversFor(vport: number): readonly string[] {
  return vport === tunnelledPort ? [farDrawn] : [...near.slice(0, 3), narrow.near, narrow.far]
}

/** Services have their methods for a real server for good: "method edited" in docs/differences.md. */
function methodFor(vport: number, rip: string): string {
  const isFar = rip === farDrawn || rip === narrow.far
  return isFar || (vport + Number(rip.split('.').at(-1))) % 2 === 0 ? '-i' : '-g'
}

/**
 * A service that no frame is for, with all real servers: their next hops are known from here on. Otherwise wrr could begin
 * anew without a server of a restored list whose next hop is not known yet.
 */
const keeper = [
  '-A -t VIP:9 -s rr',
  ...[...serversFor(tunnelledPort), ...serversFor(80)].map((rip) => `-a -t VIP:9 -r ${rip}:9 -i -w 1`),
]

/**
 * A service gets a scheduler and the real servers that it is to have, whatever it had; others get the weight 0. None is
 * removed: IPVS forwards ICMP errors to servers that were, xlvs does not.
 */
function installRules(choice: Choice): string[] {
  const service = someService(choice, names)
  const { scheduler, vport } = service
  const all = serversFor(vport)
  const wanted = someServers(choice, all)
  const line = serviceLine(service)
  return [
    `-A ${line} -s ${scheduler}`,
    `-E ${line} -s ${scheduler}`,
    ...wanted.flatMap(({ rip, weight }) => {
      const rest = `${line} -r ${rip}:${vport} ${methodFor(vport, rip)} -w ${weight}`
      return [`-a ${rest}`, `-e ${rest}`]
    }),
    ...all.filter((rip) => wanted.every((each) => each.rip !== rip)).map((rip) => `-e ${line} -r ${rip}:${vport} -w 0`),
  ]
}

function someChange(choice: Choice): Step {
  switch (choice.below(8)) {
    case 0:
      return command(`-Z ${serviceLine(someService(choice, names))}`)
    case 1:
      // Of more than a minute: no connection ends while it is looked at.
      return command(`--set ${60 + choice.below(900)} ${60 + choice.below(120)} 300`)
    default:
      return restore(...installRules(choice))
  }
}

function command(line: string): Step {
  return { kind: 'ipvsadm', lines: [line] }
}

function serviceLine({ protocol, vip, vport }: ReturnType<typeof someService>): string {
  return `-${protocol.charAt(0)} ${vip}:${vport}`
}
