import type { RealServer } from '../../../src/core/real-server.js'
import type { Traffic } from '../../../src/core/traffic.js'
import type { ServiceKey } from '../../../src/core/virtual-service.js'
import { Director } from '../../../src/director/director.js'
import type { SchedulePlan } from '../../../src/scheduler/scheduler.js'
import { FakeNextHops } from '../../lib/fake-next-hops.js'
import type { ManualClock } from '../../lib/manual-clock.js'
import { clientPacketBytes, MemoryDataplane } from '../../lib/memory-dataplane.js'
import { MemoryLog } from '../../lib/memory-log.js'

export interface Fixture {
  readonly dataplane: MemoryDataplane
  readonly nextHops: FakeNextHops
  readonly clock: ManualClock
  readonly log: MemoryLog
  readonly director: Director
}

/** What a director is given; the clock is the data plane's. */
export type Given = Partial<Pick<Fixture, 'dataplane' | 'nextHops'>>

/** A director that has started, on these or new doubles. */
export async function startedDirector({
  dataplane = new MemoryDataplane(),
  nextHops = new FakeNextHops(),
}: Given = {}): Promise<Fixture> {
  const parts = { dataplane, nextHops, clock: dataplane.clock, log: new MemoryLog() }
  const director = new Director(parts)
  await director.start()
  return { ...parts, director }
}

export const web: ServiceKey = { protocol: 'tcp', vip: '192.0.2.10', vport: 80 }
export const dns: ServiceKey = { protocol: 'udp', vip: '192.0.2.10', vport: 53 }

export function routed(rip: string, weight = 1): RealServer {
  return { rip, rport: 80, forwarding: 'route', weight }
}

/** What {@link sendBurst} adds to the traffic of a service. */
export const burst: Traffic = { conns: 100, inPackets: 1000, inBytes: 1000 * clientPacketBytes }

/** 100 new clients send ten packets each; where it is TCP, three stay and the others close. */
export function sendBurst({ dataplane }: Pick<Fixture, 'dataplane'>, key: ServiceKey): void {
  for (const [i, client] of dataplane.connect(key, 100).entries()) {
    for (let n = 0; n < 8; n++) dataplane.send(client)
    dataplane.send(client, i < 3 ? 'A' : 'FA')
  }
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
