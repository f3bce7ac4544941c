import { isDeepStrictEqual } from 'node:util'
import { type RealServer, serverKeyText } from '../core/real-server.js'
import { schedulerNamed } from '../scheduler/index.js'
import type { Progress, SchedulePlan, SequencePlan } from '../scheduler/scheduler.js'
import type { DesiredService } from './desired.js'

/** A plan in force, and what a successor has to know of it. */
export interface PlanInForce {
  readonly scheduler: string
  readonly servers: readonly RealServer[]
  readonly plan: SchedulePlan
  /** Key of the server picked last before the plan was installed; undefined if there was none. */
  readonly lastPicked: string | undefined
}

/** What was found in the data plane. The server picked last is the one before the plan's start. */
export function planFound({ service, servers }: DesiredService, plan: SchedulePlan): PlanInForce {
  const lastPicked = plan.pick === 'sequence' && plan.start > 0 ? keyAt(servers, plan, plan.start - 1) : undefined
  return { scheduler: service.scheduler, servers, plan, lastPicked }
}

/**
 * Plans a service.
 * @param eligible whether a server may be picked now.
 * @param previous its plan in force, if it has one, and the picks made by it.
 * @throws DirectorError NO_SUCH_SCHEDULER.
 */
export function nextPlan(
  { service, servers }: DesiredService,
  eligible: (server: RealServer) => boolean,
  previous?: PlanInForce & { readonly picks: number },
): PlanInForce {
  const candidates = servers.flatMap((server, index) => (eligible(server) ? [{ index, weight: server.weight }] : []))
  const progress = previous?.scheduler === service.scheduler ? progressOf(previous, servers) : undefined
  const last = servers[progress?.last ?? -1]
  return {
    scheduler: service.scheduler,
    servers,
    plan: schedulerNamed(service.scheduler).plan(candidates, progress),
    lastPicked: last && serverKeyText(last),
  }
}

/** Whether two plans pick alike, wherever each begins. */
export function picksAlike(a: SchedulePlan, b: SchedulePlan): boolean {
  return isDeepStrictEqual({ ...a, start: 0 }, { ...b, start: 0 })
}

function progressOf(previous: PlanInForce & { picks: number }, servers: readonly RealServer[]): Progress {
  const { plan, picks } = previous
  const lastPicked =
    plan.pick === 'sequence' && plan.length > 0 && picks > 0
      ? keyAt(previous.servers, plan, plan.start + picks - 1)
      : previous.lastPicked
  return {
    plan,
    weights: previous.servers.map(({ weight }) => weight),
    picks,
    last: positionNow(lastPicked, previous.servers, servers),
  }
}

/** Where a server of the old list stands in the new one, or the nearest one before it that is still there; else -1. */
function positionNow(key: string | undefined, before: readonly RealServer[], now: readonly RealServer[]): number {
  const positions = new Map(now.map((server, index) => [serverKeyText(server), index]))
  const keys = before.map(serverKeyText)
  for (let at = key === undefined ? -1 : keys.indexOf(key); at >= 0; at--) {
    const position = positions.get(keys[at] as string)
    if (position !== undefined) return position
  }
  return -1
}

/** Key of the server that a sequence has at a position. */
function keyAt(
  servers: readonly RealServer[],
  { segments, length }: SequencePlan,
  position: number,
): string | undefined {
  const within = position % length
  const segment = segments.findLast(({ start }) => start <= within)
  const index = segment?.servers[(within - segment.start) % segment.servers.length]
  const server = index === undefined ? undefined : servers[index]
  return server && serverKeyText(server)
}
