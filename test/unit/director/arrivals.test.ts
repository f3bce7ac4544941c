import t from 'tap'
import { Arrivals } from '../../../src/director/arrivals.js'
import { ManualClock } from '../../lib/manual-clock.js'

/** Whether a promise has resolved by now. */
async function isResolved(promise: Promise<void>): Promise<boolean> {
  return Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))])
}

t.test('nothing awaited: settled at once', async (t) => {
  t.equal(await isResolved(new Arrivals(new ManualClock()).settled()), true)
})

t.test('settled when the last awaited address has its way, and not before', async (t) => {
  const arrivals = new Arrivals(new ManualClock())
  arrivals.add('10.0.0.11')
  arrivals.add('10.0.0.12')
  const settled = arrivals.settled()
  arrivals.delete('10.0.0.11')
  t.equal(await isResolved(settled), false)
  arrivals.delete('10.0.0.12')
  t.equal(await isResolved(settled), true)
})

t.test('an address that never answers holds commands up once, and not for long', async (t) => {
  const clock = new ManualClock()
  const arrivals = new Arrivals(clock)
  arrivals.add('10.0.0.11')
  const settled = arrivals.settled()
  clock.advance(99)
  t.equal(await isResolved(settled), false)
  clock.advance(1)
  t.equal(await isResolved(settled), true)
  t.equal(await isResolved(arrivals.settled()), true, 'the next command does not wait for it')
})
