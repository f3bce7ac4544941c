import { randomBytes } from 'node:crypto'
import { BpfObject } from '../../src/bpf/index.js'
import { systemClock } from '../../src/core/clock.js'
import { defaultTimeouts } from '../../src/core/connection.js'
import type { RealServer } from '../../src/core/real-server.js'
import { sharedConstant } from '../../src/dataplane/tables/layout.gen.js'
import { Settings } from '../../src/dataplane/tables/settings.js'
import { TableDataplane } from '../../src/dataplane/tables/table-dataplane.js'
import { setsFor } from '../../src/dataplane/tables/table-size.js'
import { mapsOf, sizeMaps, stagesName } from '../../src/dataplane/xdp/maps.js'
import { xdp } from '../../src/dataplane/xdp/open.js'
import { startSweeper } from '../../src/dataplane/xdp/sweeper.js'
import { wlc } from '../../src/scheduler/wlc.js'
import { memoryOf } from '../memory.js'
import { objectPath } from '../object-path.js'
import { dip, directorMac, machines, type Server, serversOf, vipOf, vport } from '../traffic.js'
import type { Subject } from './subject.js'

/** Interface that packets of BPF_PROG_TEST_RUN come in on: loopback. Servers behind it are sent to by XDP_TX. */
const ingressIfindex = 1

export interface DirectorOptions {
  readonly sending: 'route' | 'tunnel'
  /** Connections that its table has room for. */
  readonly slots: number
  /** Default: 1. */
  readonly services?: number
  /** Services that traffic goes to: the first so many. Default: all. */
  readonly busy?: number
  /** Real servers of each service, drawn in turn from at most {@link machines}. Default: 16. */
  readonly serversEach?: number
}

/** The director, without pins, with services of wlc. Its sweeper runs: it keeps the clock. */
export function openDirector(options: DirectorOptions): Subject {
  const { sending, slots, services = 1, busy = services, serversEach = 16 } = options
  const sets = setsFor(slots)
  const object = BpfObject.open(objectPath('bpf', 'director'))
  sizeMaps(object, sets)
  object.load()
  const maps = mapsOf(object)
  const stages = object.map(stagesName)
  const program = object.program('director')
  new Settings(maps.config).initialise(sets, randomBytes(16), defaultTimeouts)
  startSweeper(object)
  object.close()
  const dataplane = new TableDataplane({
    ...xdp,
    maps,
    clock: systemClock,
    interfaces: { list: () => [], upkeep: () => {} },
    close: () => {},
  })
  const servers = serversOf(Math.min(machines, services * serversEach))
  for (const server of servers) setNextHop(dataplane, server)
  for (let i = 0; i < services; i++) {
    const own = Array.from({ length: serversEach }, (_, j) => servers[(i * serversEach + j) % servers.length] as Server)
    install(dataplane, vipOf(i), own, sending)
  }
  return {
    sending,
    program,
    services: busy,
    servers,
    tableBytesPerSlot: memoryOf(maps.conns) / (sets * sharedConstant.SET_SLOTS),
    forwarded: () => dataplane.stats().verdicts.get(sending === 'tunnel' ? 'tunnel_tx' : 'route_tx') ?? 0,
    close: () => {
      program.close()
      for (const map of [...Object.values(maps), stages]) map.close()
    },
  }
}

function setNextHop(dataplane: TableDataplane, { rip, mac }: Server): void {
  dataplane.setNextHop(rip, {
    ifindex: ingressIfindex,
    sourceMac: directorMac,
    destinationMac: mac,
    saddr: dip,
    mtu: 1500,
  })
}

function install(
  dataplane: TableDataplane,
  vip: string,
  servers: readonly Server[],
  sending: 'route' | 'tunnel',
): void {
  const realServers: RealServer[] = servers.map(({ rip }) => ({ rip, rport: vport, forwarding: sending, weight: 1 }))
  dataplane.setService({
    service: { protocol: 'tcp', vip, vport, scheduler: wlc.name },
    servers: realServers,
    plan: wlc.plan(realServers.map(({ weight }, index) => ({ index, weight }))),
  })
}
