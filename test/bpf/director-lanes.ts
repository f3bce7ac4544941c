/** Real servers as each CPU sees them. */

import { addressFromStruct } from '../../src/dataplane/tables/address-codec.js'
import {
  realServerLayout,
  type ServerLaneStruct,
  serverFlag,
  serverLaneLayout,
} from '../../src/dataplane/tables/layout.gen.js'
import { MappedArray } from '../../src/dataplane/tables/mapped-array.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import { server } from './director-fixture.js'

/** The slot of server n. @throws Error if it has none. */
export function slotOf({ maps: { realServers } }: BpfDirector, n: number): number {
  const slots = new MappedArray(realServers, realServerLayout)
  const { rip } = server(n)
  for (let slot = 0; slot < slots.capacity; slot++) {
    const { flags, rip: found } = slots.get(slot)
    if (flags & serverFlag.PRESENT && addressFromStruct(found) === rip) return slot
  }
  throw new Error(`server ${n} has no slot`)
}

/** The lanes of a slot, by CPU. */
export function lanesOf(director: BpfDirector, slot: number): ServerLaneStruct[] {
  const { lanes, cpus, servers } = open(director)
  return Array.from({ length: cpus }, (_, cpu) => lanes.get(cpu * servers + slot))
}

/** Tells a CPU something else about a slot; what it has counted stays. */
export function mislead(
  director: BpfDirector,
  cpu: number,
  slot: number,
  { nextHop, available }: Pick<ServerLaneStruct, 'nextHop' | 'available'>,
): void {
  const { lanes, servers } = open(director)
  lanes.publish(cpu * servers + slot, serverLaneLayout.offsets.nextHop, nextHop)
  lanes.publish(cpu * servers + slot, serverLaneLayout.offsets.available, available)
}

function open({ maps: { serverLanes } }: BpfDirector) {
  const lanes = new MappedArray(serverLanes, serverLaneLayout)
  const cpus = serverLanes.info.maxEntries
  return { lanes, cpus, servers: lanes.capacity / cpus }
}
