import t from 'tap'
import { scatteringStride } from '../../../bench/stride.js'
import { checkOutput, directorMac, flowFrom, flowService, flowSource, servers, vip } from '../../../bench/traffic.js'
import { frame, type PacketSpec } from '../../lib/packet.js'

t.test('a flow and its source tell each other', (t) => {
  t.strictSame(flowSource(0), { address: '10.0.0.0', port: 32768 })
  t.strictSame(flowSource(32768 + 5), { address: '10.0.0.1', port: 32773 })
  for (const flow of [0, 1, 32767, 32768, 4_000_000]) t.equal(flowFrom(flowSource(flow)), flow)
  t.end()
})

t.test('flows are spread over services', (t) => {
  const counts = new Array<number>(10).fill(0)
  for (let flow = 0; flow < 10_000; flow++) counts[flowService(flow, 10)] = (counts[flowService(flow, 10)] ?? 0) + 1
  t.ok(Math.min(...counts) > 900 && Math.max(...counts) < 1100, `${counts}`)
  t.equal(flowService(123_456, 1), 0)
  t.end()
})

t.test('a stride leads to all flows', (t) => {
  for (const flows of [1, 2, 10, 1000]) {
    const stride = scatteringStride(flows)
    const reached = new Set(Array.from({ length: flows }, (_, i) => (i * stride) % flows))
    t.equal(reached.size, flows, `${flows} flows`)
  }
  t.end()
})

t.test('a frame is right to the byte', (t) => {
  const packet: PacketSpec = { ip: { source: '10.0.0.0', destination: vip, ttl: 64 }, tcp: { sport: 32768 } }
  const [server] = servers
  const of = { sending: 'route', packet, sourceMac: directorMac, servers } as const
  const sent = (ttl: number) =>
    frame({ ...packet, ip: { ...packet.ip, ttl }, ethernet: { source: directorMac, destination: server?.mac ?? '' } })
  t.doesNotThrow(() => checkOutput({ ...of, frame: sent(63) }))
  t.throws(() => checkOutput({ ...of, frame: sent(64) }), /came out as.*ttl 64.*and not as one of.*ttl 63/s)
  t.throws(() => checkOutput({ ...of, sending: 'tunnel', frame: sent(63) }), /ipip/)
  t.throws(() => checkOutput({ ...of, frame: Buffer.alloc(10) }))
  t.end()
})
