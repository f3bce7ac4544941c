import t from 'tap'
import { seededRandom } from '../../lib/random.js'
import { type Dest, KernelRr, KernelWrr } from './kernel-model.js'
import { Picker, server } from './picker.js'

/** Servers A, B, C… with these weights, added in this order one after the other. */
function added(scheduler: string, weights: readonly number[]): Picker {
  const picker = new Picker(scheduler)
  for (const [i, weight] of weights.entries()) picker.replan([server(letter(i), weight), ...picker.servers])
  return picker
}

function letter(i: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + i)
}

t.test('the documented vectors of wrr, bound to a list that is complete', async (t) => {
  for (const { weights, picks } of [
    { weights: [4, 3, 2], picks: 'ABACBACBA' },
    { weights: [1, 2, 4], picks: 'CCCBCBA' },
    { weights: [0, 0], picks: '' },
    { weights: [10, 0, 20], picks: 'CCA' },
  ]) {
    const picker = added('rr', weights)
    picker.replan(picker.servers, 'wrr')
    const twice = picker.pick(2 * picks.length).join('')
    t.equal(twice, picks + picks, `weights ${weights}`)
  }
})

t.test('a heavier server that is added does not lift the level that wrr has reached', async (t) => {
  t.equal(added('wrr', [1, 2, 4]).pick(10).join(''), 'CBACCCBCBA')
})

t.test('wrr walks the largest weights without spelling them out', async (t) => {
  const picker = added('rr', [0x7fff_ffff, 1])
  picker.replan(picker.servers, 'wrr')
  t.equal(new Set(picker.pick(100_000)).size, 1, 'the light server has to wait for 2^31 - 2 picks')
  t.equal(picker.pick(1)[0], 'A')
})

t.test('nobody to pick', async (t) => {
  for (const scheduler of ['rr', 'wrr']) {
    t.strictSame(new Picker(scheduler).pick(2), [undefined, undefined])
    t.strictSame(added(scheduler, [0]).pick(1), [undefined])
  }
})

t.test('rr goes on after the server picked last', async (t) => {
  const cases: { title: string; change: (picker: Picker) => void; before: string; after: string }[] = [
    {
      title: 'a newer one comes first in the list, so last in the round',
      before: 'C',
      change: (p) => p.replan([server('D'), ...p.servers]),
      after: 'BADCBA',
    },
    {
      title: 'nothing picked yet: the newest',
      before: '',
      change: (p) => p.replan([server('D'), ...p.servers]),
      after: 'DCBA',
    },
    {
      title: 'the one picked last leaves',
      before: 'CB',
      change: (p) => p.replan(p.servers.toSpliced(1, 1)),
      after: 'ACA',
    },
    {
      title: 'the first leaves after its pick',
      before: 'C',
      change: (p) => p.replan(p.servers.toSpliced(0, 1)),
      after: 'BAB',
    },
    {
      title: 'the one picked last is quiesced, another change follows before the next pick',
      before: 'CB',
      change(p) {
        p.replan(p.servers.with(1, server('B', 0)))
        p.replan(p.servers.with(1, server('B', 1)))
      },
      after: 'ACB',
    },
    {
      title: 'all are unresolved for a while',
      before: 'CB',
      change(p) {
        for (const { rip } of p.servers) p.unresolved.add(rip)
        p.replan(p.servers)
        t.strictSame(p.pick(2), [undefined, undefined])
        p.unresolved.clear()
        p.replan(p.servers)
      },
      after: 'ACB',
    },
  ]
  for (const { title, change, before, after } of cases) {
    const picker = added('rr', [1, 1, 1])
    t.equal(picker.pick(before.length).join(''), before, title)
    change(picker)
    t.equal(picker.pick(after.length).join(''), after, title)
  }
})

t.test('another scheduler starts from the beginning', async (t) => {
  const picker = added('rr', [1, 1, 1])
  picker.pick(2)
  picker.replan(picker.servers, 'wrr')
  t.equal(picker.pick(3).join(''), 'CBA')
  picker.replan(picker.servers, 'rr')
  t.equal(picker.pick(3).join(''), 'CBA')
})

const weightChoices = [0, 1, 1, 2, 3, 4, 6, 10, 12, 100]

for (const { scheduler, Kernel } of [
  { scheduler: 'rr', Kernel: KernelRr },
  { scheduler: 'wrr', Kernel: KernelWrr },
]) {
  t.test(`${scheduler} picks as the kernel does through any changes`, async (t) => {
    let picks = 0
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed)
      const upTo = (n: number) => Math.floor(random() * n)
      const weight = () => weightChoices[upTo(weightChoices.length)] ?? 1
      const kernel = new Kernel()
      const ours = new Picker(scheduler)
      const dests: Dest[] = []
      const history: string[] = []
      for (let step = 0; step < 60; step++) {
        const at = upTo(dests.length)
        const chosen = dests[at]
        const action = upTo(4)
        if (action === 0 || !chosen) {
          const dest = { name: `s${step}`, weight: weight(), overload: false }
          dests.unshift(dest)
          kernel.add(dest)
          ours.replan([server(dest.name, dest.weight), ...ours.servers])
          history.push(`add ${dest.name} w${dest.weight}`)
        } else if (action === 1 && dests.length > 1) {
          dests.splice(at, 1)
          kernel.delete(chosen)
          ours.replan(ours.servers.toSpliced(at, 1))
          history.push(`delete ${chosen.name}`)
        } else {
          kernel.edit(chosen, weight())
          ours.replan(ours.servers.with(at, server(chosen.name, chosen.weight)))
          history.push(`edit ${chosen.name} w${chosen.weight}`)
        }
        const rounds = upTo(3) === 0 ? 0 : upTo(40)
        const expected = Array.from({ length: rounds }, () => kernel.schedule())
        const got = ours.pick(rounds)
        picks += rounds
        history.push(`pick ${rounds}`)
        if (got.join() !== expected.join())
          return t.equal(got.join(), expected.join(), `seed ${seed}: ${history.join(', ')}`)
      }
    }
    t.ok(picks > 50_000, `${picks} picks compared`)
  })
}

t.test('rr passes over unresolved servers as the kernel does over overloaded ones', async (t) => {
  let picks = 0
  for (let seed = 1; seed <= 100; seed++) {
    const random = seededRandom(seed)
    const kernel = new KernelRr()
    const ours = new Picker('rr')
    const dests = Array.from({ length: 5 }, (_, i): Dest => ({ name: letter(i), weight: 1, overload: false }))
    for (const dest of dests) {
      kernel.add(dest)
      ours.replan([server(dest.name), ...ours.servers])
    }
    for (let step = 0; step < 60; step++) {
      const dest = dests[Math.floor(random() * dests.length)] as Dest
      dest.overload = !dest.overload
      if (dest.overload) ours.unresolved.add(dest.name)
      else ours.unresolved.delete(dest.name)
      ours.replan(ours.servers)
      const rounds = Math.floor(random() * 4)
      const expected = Array.from({ length: rounds }, () => kernel.schedule())
      const got = ours.pick(rounds)
      if (got.join() !== expected.join()) return t.equal(got.join(), expected.join(), `seed ${seed} step ${step}`)
      picks += rounds
    }
  }
  t.ok(picks > 5_000, `${picks} picks compared`)
})
