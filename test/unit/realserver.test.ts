import { writeFileSync } from 'node:fs'
import t from 'tap'
import { apply, inspect, remember, restore, undosOf } from '../../src/realserver/apply.js'
import { checkNotHeld } from '../../src/realserver/plan.js'
import type { Setting } from '../../src/realserver/setting.js'
import { type State, StateDirectory } from '../../src/realserver/state.js'

/** A machine whose settings are strings in a map; writes are kept in order, one may be refused. */
class Machine {
  readonly writes: string[] = []
  refused?: string

  constructor(readonly values: Record<string, string>) {}

  setting(name: string, wanted: Setting['wanted'] = ['on']): Setting {
    return {
      name,
      wanted,
      initial: 'off',
      query: `show ${name}`,
      read: async () => this.values[name] ?? 'off',
      write: async (value) => {
        if (name === this.refused) throw new Error(`${name} refused`)
        this.values[name] = value
        this.writes.push(`${name}=${value}`)
      },
      commands: (value) => [`set ${name} ${value}`],
    }
  }
}

t.test('start remembers what it will change, and changes that in order', async (t) => {
  const machine = new Machine({ a: 'off', b: 'on', c: 'strict' })
  const settings = [machine.setting('a'), machine.setting('b'), machine.setting('c', ['loose', 'none'])]
  t.same(await remember(settings, []), { a: 'off', c: 'strict' })
  t.same(machine.writes, [], 'to remember changes nothing')
  await apply(settings)
  t.same(machine.writes, ['a=on', 'c=loose'])
  await apply(settings)
  t.equal(machine.writes.length, 2, 'again: nothing to do')
})

t.test('a value that serves as well is left', async (t) => {
  const machine = new Machine({ c: 'none' })
  const settings = [machine.setting('c', ['loose', 'none'])]
  t.same(await remember(settings, []), {})
  await apply(settings)
  t.same(machine.writes, [])
})

t.test('a second start does not take its own changes for what was before', async (t) => {
  const machine = new Machine({ a: 'off', b: 'off' })
  const settings = [machine.setting('a'), machine.setting('b')]
  const first = await remember(settings, [])
  await apply(settings)
  machine.values.b = 'odd'
  t.same(await remember(settings, [first]), { a: 'off', b: 'off' })
})

t.test('stop writes back in reverse order what start changed, unless it was changed since', async (t) => {
  const machine = new Machine({ a: 'off', b: 'on', c: 'off', d: 'low' })
  const settings = ['a', 'b', 'c', 'd'].map((name) => machine.setting(name))
  const before = await remember(settings, [])
  await apply(settings)
  machine.values.c = 'somebody else'
  machine.writes.length = 0
  await restore(undosOf(settings, before, []))
  t.same(machine.writes, ['d=low', 'a=off'])
  t.equal(machine.values.c, 'somebody else')
})

t.test('two VIPs: the last to stop restores what they share, in either order', async (t) => {
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const machine = new Machine({ arp: '0' })
    const of = (vip: string) => [machine.setting('arp'), machine.setting(`address ${vip}`)]
    const vips = [of('v0'), of('v1')] as const
    const first = await remember(vips[0], [])
    await apply(vips[0])
    const second = await remember(vips[1], [first])
    await apply(vips[1])
    const before = [first, second] as const

    const [early, late] = order
    await restore(undosOf(vips[early], before[early], [before[late]]))
    t.same(machine.values, { arp: 'on', [`address v${early}`]: 'off', [`address v${late}`]: 'on' })
    await restore(undosOf(vips[late], before[late], []))
    t.same(machine.values, { arp: '0', 'address v0': 'off', 'address v1': 'off' })
  }
})

t.test('a refusal ends start; what was done can be undone', async (t) => {
  const machine = new Machine({ a: '1', b: '2' })
  machine.refused = 'b'
  const settings = [machine.setting('a'), machine.setting('b'), machine.setting('c')]
  const before = await remember(settings, [])
  await t.rejects(apply(settings), { message: 'b refused' })
  await restore(undosOf(settings, before, []))
  t.same(machine.values, { a: '1', b: '2' })
})

t.test('status: one piece each', async (t) => {
  const machine = new Machine({ a: 'on', b: 'off' })
  t.same(await inspect([machine.setting('a'), machine.setting('b')]), [
    { name: 'a', ok: true, value: 'on' },
    { name: 'b', ok: false, value: 'off' },
  ])
})

t.test('a VIP may be on lo and tunl0, on no other interface', async (t) => {
  const held = (device: string, local: string) => ({ device, local, prefixlen: 32 })
  const ours = [held('lo', '192.0.2.1'), held('tunl0', '192.0.2.1'), held('eth0', '192.0.2.7')]
  checkNotHeld('192.0.2.1', ours)
  t.throws(() => checkNotHeld('192.0.2.7', ours), {
    code: 'INVALID',
    message: 'vip: 192.0.2.7 is an address of eth0; a real server has the VIP on lo or tunl0 alone',
  })
})

t.test('states are files, one a VIP', async (t) => {
  const directory = t.testdir()
  const states = new StateDirectory(`${directory}/new`)
  const state = (vip: string): State => ({ vip, netns: '1', way: { by: 'route' }, before: { a: 'off' } })
  t.equal(states.read('192.0.2.1'), undefined)
  t.same(states.others('192.0.2.1'), [])
  for (const vip of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) states.write(state(vip))
  t.same(states.read('192.0.2.1'), state('192.0.2.1'))
  t.same(states.others('192.0.2.1'), [state('192.0.2.2'), state('192.0.2.3')])
  states.remove('192.0.2.2')
  t.same(states.others('192.0.2.1'), [state('192.0.2.3')])

  writeFileSync(states.path('192.0.2.1'), '{ "vip":')
  t.throws(() => states.read('192.0.2.1'), {
    code: 'INTERNAL',
    message: /realserver-192\.0\.2\.1\.json: cannot be read/,
  })
})
