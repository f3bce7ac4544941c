/** Stages that are not there: their pin went while the program that leads to them still runs. */
import t from 'tap'
import { stagesName } from '../../src/dataplane/xdp/maps.js'
import { frame, packet } from '../lib/packet.js'
import { openDirector, segment, server, web } from './director-fixture.js'

/** By enum stage of bpf/stages.h: what leads there, and what becomes of it while the stage is there. */
const stages: readonly [name: string, frame: Buffer, verdict: string][] = [
  ['schedule', segment('S', 2), 'route_tx'],
  ['icmp', frame({ icmp: { type: 3, code: 1 }, payload: packet({}) }), 'pass_icmp'],
  ['fragment', segment('A', 1, { mf: true }), 'drop_fragment'],
  ['answer', segment('A', 1, { ttl: 1 }), 'icmp_time_exceeded'],
]

t.test('what leads to a stage that is not there is dropped, and said so', async (t) => {
  const director = openDirector(t)
  director.install(web, [server(1)])
  director.send(segment('S', 1))
  const programs = director.object.map(stagesName)
  t.teardown(() => programs.close())
  t.equal(programs.info.maxEntries, stages.length, 'all stages')
  for (const [stage, [name, frame, verdict]] of stages.entries()) {
    const key = Buffer.alloc(4)
    key.writeUInt32LE(stage)
    t.equal(director.send(frame).verdict, verdict, name)
    programs.delete(key)
    t.equal(director.send(name === 'schedule' ? segment('S', 3) : frame).verdict, 'drop_no_stage', `without ${name}`)
    t.equal(director.send(segment('A', 1)).verdict, 'route_tx', 'an established connection enters none')
  }
})
