import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { MemoryGiver } from '../../src/give-back.js'
import { ManualClock } from '../lib/manual-clock.js'

/** Something that only the collector of garbage makes go away. */
async function garbage(): Promise<WeakRef<object>> {
  const reference = new WeakRef({ size: 1 })
  // What a WeakRef was made of lives until the end of the turn.
  await setTimeout(0)
  return reference
}

t.test('what is garbage goes a second after the last of many commands', async (t) => {
  const clock = new ManualClock()
  const memory = new MemoryGiver(clock)
  const reference = await garbage()
  memory.note(999)
  await clock.advance(2000)
  t.ok(reference.deref(), 'not many yet')
  await setTimeout(0)
  memory.note(1)
  await clock.advance(999)
  memory.note(1)
  await clock.advance(999)
  t.ok(reference.deref(), 'another came')
  await setTimeout(0)
  await clock.advance(1)
  t.equal(reference.deref(), undefined)
})

t.test('not at the end of the daemon', async (t) => {
  const clock = new ManualClock()
  const memory = new MemoryGiver(clock)
  const reference = await garbage()
  memory.note(1000)
  memory.stop()
  await clock.advance(2000)
  t.ok(reference.deref())
})
