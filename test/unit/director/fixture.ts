import type { RealServer } from '../../../src/core/real-server.js'
import type { ServiceKey } from '../../../src/core/virtual-service.js'
import { Director } from '../../../src/director/director.js'
import type { SchedulePlan } from '../../../src/scheduler/scheduler.js'
import { FakeNextHops } from '../../lib/fake-next-hops.js'
import { ManualClock } from '../../lib/manual-clock.js'
import { MemoryDataplane } from '../../lib/memory-dataplane.js'
import { MemoryLog } from '../../lib/memory-log.js'

export interface Fixture {
  readonly dataplane: MemoryDataplane
  readonly nextHops: FakeNextHops
  readonly clock: ManualClock
  readonly log: MemoryLog
  readonly director: Director
}

/** A director that has started, on these or new doubles. */
export async function startedDirector(given: Partial<Fixture> = {}): Promise<Fixture> {
  const parts = {
    dataplane: given.dataplane ?? new MemoryDataplane(),
    nextHops: given.nextHops ?? new FakeNextHops(),
    clock: given.clock ?? new ManualClock(),
    log: new MemoryLog(),
  }
  const director = new Director(parts)
  await director.start()
  return { ...parts, director }
}

export const web: ServiceKey = { protocol: 'tcp', vip: '192.0.2.10', vport: 80 }
export const dns: ServiceKey = { protocol: 'udp', vip: '192.0.2.10', vport: 53 }

export function routed(rip: string, weight = 1): RealServer {
  return { rip, rport: 80, forwarding: 'route', weight }
}

/** Addresses that a service's plan in force can pick, in the order of the list. */
export function pickable({ dataplane }: Pick<Fixture, 'dataplane'>, key: ServiceKey): string[] {
  const entry = dataplane.service(key)
  if (!entry) throw new Error('no such service in the data plane')
  return indexes(entry.plan).map((index) => entry.servers[index]?.rip ?? 'nobody')
}

function indexes(plan: SchedulePlan): readonly number[] {
  return plan.pick === 'least' ? plan.entries.map(({ server }) => server) : (plan.segments.at(-1)?.servers ?? [])
}
