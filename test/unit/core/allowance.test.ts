import t from 'tap'
import { Allowance } from '../../../src/core/allowance.js'
import { ManualClock } from '../../lib/manual-clock.js'

t.test('so much at once, then a share of the time', async (t) => {
  const clock = new ManualClock()
  const allowance = new Allowance(clock, 100, 0.25)
  await clock.advance(80)
  allowance.spend(80)
  t.equal(allowance.waitMs(), 0, 'some is left')
  await clock.advance(80)
  allowance.spend(80)
  t.equal(allowance.waitMs(), 81, 'the 20 that were too much, and something')
  await clock.advance(80)
  t.equal(allowance.waitMs(), 1)
  await clock.advance(1)
  t.equal(allowance.waitMs(), 0)
})

t.test('what is not spent does not add up without end', async (t) => {
  const clock = new ManualClock()
  const allowance = new Allowance(clock, 100, 0.5)
  await clock.advance(1_000_000)
  allowance.spend(200)
  t.equal(allowance.waitMs(), 1)
  await clock.advance(100)
  allowance.spend(100)
  t.equal(allowance.waitMs(), 101)
})
