/** What a flood takes from others, by the clock of packets: of connections that nobody goes on with, and of such as clients have. */
import t from 'tap'
import type { VirtualService } from '../../../src/core/virtual-service.js'
import { datagram, dns, server, vip, wayTo, web } from '../../bpf/director-fixture.js'
import { FlowFrame, randomFlows } from '../../bpf/director-flows.js'
import { ModuleDirector } from '../../lib/module-director.js'
import { frame } from '../../lib/packet.js'
import { seededRandom } from '../../lib/random.js'

const sets = 8192
const ticksPerS = 1e9 / 2 ** 26
const floodPerTick = Math.round(30_000 / ticksPerS)
const floodTicks = Math.round(20 * ticksPerS)
/** The flood has filled the table by then. */
const fullTick = Math.round(4 * ticksPerS)
const recoveryTicks = Math.round(2 * ticksPerS)
const roundTrips = { '0 ms': 0, '100 ms': 0.1, '1 s': 1 }

const other: VirtualService = { ...web, vport: 81 }
const frames = {
  web: new FlowFrame(),
  other: new FlowFrame(frame({ ip: { destination: vip }, tcp: { dport: other.vport, flags: 'S' } })),
  dns: new FlowFrame(datagram()),
}

/** What is sent for each connection of the flood, and to which service; the services that are no worse for it. */
for (const [flood, flags, service, unharmed] of [
  ['SYNs', ['S'], 'web', ['web', 'other']],
  ['SYNs and ACKs', ['S', 'A'], 'web', ['web', 'other']],
  ['datagrams', ['S'], 'dns', ['web', 'other']],
  ['handshakes and requests', ['S', 'A', 'A'], 'web', ['other']],
  ['pairs of datagrams', ['S', 'S'], 'dns', ['web', 'other']],
] as const) {
  t.test(`30,000 ${flood} a second, and 65,536 slots`, async (t) => {
    const director = new ModuleDirector({ sets })
    director.dataplane.setServiceShare(10)
    const servers = [1, 2, 3].map((n) => server(n))
    for (const { rip } of servers) director.dataplane.setNextHop(rip, wayTo(1))
    for (const each of [web, other, dns]) director.install(each, servers)
    const flows = randomFlows(seededRandom(5))[Symbol.iterator]()
    const next = () => flows.next().value
    const goesOn = (to: 'web' | 'other', flow: ReturnType<typeof next>) =>
      director.send(frames[to].of(flow, 'A')).verdict === 'route_tx'

    const established = Array.from({ length: 1000 }, next)
    for (const flow of established) {
      director.send(frames.web.of(flow, 'S'))
      for (const _ of ['handshake', 'request']) goesOn('web', flow)
    }

    const tried = new Map<string, { opened: number; done: number }>()
    const due: (() => void)[][] = Array.from({ length: floodTicks }, () => [])
    for (let tick = 0; tick < floodTicks; tick++) {
      for (let i = 0; i < floodPerTick; i++) {
        const flow = next()
        for (const each of flags) director.send(frames[service].of(flow, each))
        if (i > 0 || tick < fullTick) continue
        for (const to of ['web', 'other'] as const) {
          for (const [name, seconds] of Object.entries(roundTrips)) {
            const goOn = due[tick + Math.round(seconds * ticksPerS)]
            if (!goOn) continue
            const client = next()
            director.send(frames[to].of(client, 'S'))
            const key = `${to}, ${name}`
            const count = tried.get(key) ?? { opened: 0, done: 0 }
            tried.set(key, count)
            count.opened++
            goOn.push(() => {
              if (goesOn(to, client) && goesOn(to, client)) count.done++
            })
          }
        }
      }
      for (const goOn of due[tick] ?? []) goOn()
      director.advanceTicks(1)
    }

    t.equal(established.filter((flow) => !goesOn('web', flow)).length, 0, 'what was established goes on')
    director.advanceTicks(recoveryTicks)
    for (const to of unharmed) {
      const clients = Array.from({ length: 200 }, next)
      for (const client of clients) director.send(frames[to].of(client, 'S'))
      director.advanceTicks(Math.round(ticksPerS))
      const done = clients.filter((client) => goesOn(to, client)).length
      t.ok(done >= 197, `${to}, 1 s, from 2 s after the end on: ${done} of 200 connections`)
    }
    for (const to of unharmed) {
      for (const name in roundTrips) {
        const { opened, done } = tried.get(`${to}, ${name}`) ?? { opened: 0, done: 0 }
        t.ok(done / opened >= (name === '1 s' ? 0.95 : 0.99), `${to}, ${name}: ${done} of ${opened} connections`)
      }
    }
  })
}
