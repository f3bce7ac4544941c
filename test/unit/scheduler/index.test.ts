import t from 'tap'
import { schedulerNamed, schedulers } from '../../../src/scheduler/index.js'

t.test('schedulers are found by name', async (t) => {
  t.strictSame(
    schedulers.map(({ name }) => name),
    ['rr', 'wrr', 'lc', 'wlc'],
  )
  for (const scheduler of schedulers) t.equal(schedulerNamed(scheduler.name), scheduler)
})

t.test('an unknown name is refused with the known ones', async (t) => {
  t.throws(() => schedulerNamed('wrrr'), {
    code: 'NO_SUCH_SCHEDULER',
    message: "scheduler: there is no 'wrrr' (known: rr, wrr, lc, wlc)",
  })
})

t.test("a scheduler of IPVS's that is not here yet is refused in the words of the option", async (t) => {
  for (const name of ['sh', 'dh', 'mh', 'sed', 'nq', 'lblc', 'lblcr', 'fo', 'ovf', 'twos', 'none']) {
    t.throws(
      () => schedulerNamed(name),
      { code: 'UNSUPPORTED', message: `-s ${name}: not supported yet (rr, wrr, lc, wlc are)` },
      name,
    )
  }
})

t.test('lc and wlc list the candidates in the order of the list', async (t) => {
  const candidates = [
    { index: 0, weight: 3 },
    { index: 2, weight: 1 },
  ]
  t.strictSame(schedulerNamed('wlc').plan(candidates), {
    pick: 'least',
    entries: [
      { server: 0, weight: 3 },
      { server: 2, weight: 1 },
    ],
  })
  t.strictSame(schedulerNamed('lc').plan(candidates), {
    pick: 'least',
    entries: [
      { server: 0, weight: 1 },
      { server: 2, weight: 1 },
    ],
  })
  t.strictSame(schedulerNamed('lc').plan([]), { pick: 'least', entries: [] })
})
