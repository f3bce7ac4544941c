import { setTimeout } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import t from 'tap'
import { keepNursery, MemoryGiver } from '../../src/give-back.js'
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

t.test('a nursery that is kept does not grow', async (t) => {
  const mebibytes = () => {
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    return (space?.space_size ?? Number.NaN) / 2 ** 20
  }
  const before = mebibytes()
  t.ok(before < 32, 'it could')
  keepNursery()
  const survivors = Array.from({ length: 500_000 }, (_, i) => ({ i }))
  t.equal(survivors.length, 500_000)
  t.equal(mebibytes(), before)
})
