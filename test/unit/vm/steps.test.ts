import t from 'tap'
import { frame, ipip, packet } from '../../lib/packet.js'
import { fixedCases, generatedCase } from '../../vm/compare/cases/index.js'
import { scopeOf } from '../../vm/compare/plan.js'
import { describeStep, ipvsadm, packets, type Step, within } from '../../vm/compare/step.js'

const scope = { vip: '192.0.2.77', vip2: '192.0.2.78', cip: '198.51.100.9' }

function framesOf(step: Step): Buffer[] {
  const placed = within(scope, step)
  return placed.kind === 'packets' ? placed.frames.map((spec) => frame(spec)) : []
}

t.test('names in lines and frames become the addresses of the scope', async (t) => {
  const [line] = ipvsadm('-a -t VIP2:80 -r CIP')
  t.match(within(scope, line as Step), { lines: ['-a -t 192.0.2.78:80 -r 198.51.100.9'] })
  t.same(framesOf(packets('', [{ ip: { destination: 'VIP2' } }])), [
    frame({ ip: { source: scope.cip, destination: scope.vip2 } }),
  ])
})

t.test('a packet is quoted as far as it says', async (t) => {
  const inner = { ip: { source: scope.cip, destination: scope.vip }, tcp: { sport: 5 } }
  const outer = { source: '10.0.0.1', destination: '172.16.0.21' }
  const quoted = { ip: { ...outer, protocol: 4 }, quoted: { tcp: { sport: 5 } } }
  const [found] = framesOf(packets('', [{ icmp: { type: 3 }, quoted, quotedBytes: 48 }]))
  const whole = ipip({ ip: outer }, inner).subarray(14)
  const ip = { source: scope.cip, destination: scope.vip }
  t.same(found, frame({ ip, icmp: { type: 3 }, payload: whole.subarray(0, 48) }))
  t.equal(whole.length, 20 + packet(inner).length)
})

t.test('a seed says which steps are drawn', async (t) => {
  t.same(generatedCase(7, 60), generatedCase(7, 60))
  t.notSame(generatedCase(7, 60).steps, generatedCase(8, 60).steps)
  t.equal(generatedCase(7, 60).steps.length, 60)
  t.same(generatedCase(7, 60).steps.slice(0, 30), generatedCase(7, 30).steps, 'fewer steps are the first ones')
})

t.test('cases have names that tell them apart, and steps that can be described', async (t) => {
  const names = fixedCases.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  for (const { name, steps } of fixedCases) t.ok(steps.map(describeStep).every(Boolean), name)
})

t.test('runs of one pair do not meet', async (t) => {
  const scopes = Array.from({ length: 1000 }, (_, i) => scopeOf(i))
  t.equal(new Set(scopes.map(({ vip, cip }) => `${vip} ${cip}`)).size, scopes.length)
  t.ok(scopes.every(({ vip, vip2, cip }) => [vip, vip2, cip].every((address) => Number(address.split('.')[3]) < 255)))
})
