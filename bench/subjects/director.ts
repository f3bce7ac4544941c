import { randomBytes } from 'node:crypto'
import { BpfObject } from '../../src/bpf/index.js'
import { systemClock } from '../../src/core/clock.js'
import { defaultTimeouts } from '../../src/core/connection.js'
import type { RealServer } from '../../src/core/real-server.js'
import { maps as mapSpecs, sharedConstant } from '../../src/dataplane/xdp/layout.gen.js'
import { Settings } from '../../src/dataplane/xdp/settings.js'
import { setsFor } from '../../src/dataplane/xdp/table-size.js'
import { type DirectorMaps, XdpDataplane } from '../../src/dataplane/xdp/xdp-dataplane.js'
import { wlc } from '../../src/scheduler/wlc.js'
import { objectPath } from '../object-path.js'
import { dip, directorMac, servers, vip, vport } from '../traffic.js'
import { memoryOf } from './memory.js'
import type { Subject } from './subject.js'

/** Interface that packets of BPF_PROG_TEST_RUN come in on: loopback. Servers behind it are sent to by XDP_TX. */
const ingressIfindex = 1

/**
 * The director, without pins and without its sweeper, with one service of wlc.
 * @param slots connections that its table has room for.
 */
export function openDirector(sending: 'route' | 'tunnel', slots: number): Subject {
  const sets = setsFor(slots)
  const object = BpfObject.open(objectPath('bpf', 'director'))
  object.setMaxEntries(mapSpecs.conns.name, sets)
  object.load()
  const maps = Object.fromEntries(
    Object.entries(mapSpecs).map(([key, { name }]) => [key, object.map(name)]),
  ) as unknown as DirectorMaps
  const program = object.program('director')
  object.close()
  new Settings(maps.config).initialise(sets, randomBytes(16), defaultTimeouts)
  const dataplane = new XdpDataplane({
    maps,
    clock: systemClock,
    interfaces: { list: () => [], upkeep: () => {} },
    close: () => {},
  })
  install(dataplane, sending)
  return {
    name: sending === 'tunnel' ? 'director-tun' : 'director-dr',
    sending,
    program,
    tableBytesPerSlot: memoryOf(maps.conns) / (sets * sharedConstant.SET_SLOTS),
    forwarded: () => {
      const { verdicts } = dataplane.stats()
      return verdicts.get(sending === 'tunnel' ? 'tunnel_tx' : 'route_tx') ?? 0
    },
    close: () => {
      program.close()
      for (const map of Object.values(maps)) map.close()
    },
  }
}

function install(dataplane: XdpDataplane, forwarding: 'route' | 'tunnel'): void {
  const realServers: RealServer[] = servers.map(({ rip }) => ({ rip, rport: vport, forwarding, weight: 1 }))
  dataplane.setService({
    service: { protocol: 'tcp', vip, vport, scheduler: wlc.name },
    servers: realServers,
    plan: wlc.plan(realServers.map(({ weight }, index) => ({ index, weight }))),
  })
  for (const { rip, mac } of servers) {
    dataplane.setNextHop(rip, {
      ifindex: ingressIfindex,
      sourceMac: directorMac,
      destinationMac: mac,
      saddr: dip,
      mtu: 1500,
    })
  }
}
