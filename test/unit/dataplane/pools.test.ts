import t from 'tap'
import { IndexPool, type Region, RegionPool } from '../../../src/dataplane/tables/pools.js'
import { ManualClock } from '../../lib/manual-clock.js'
import { seededRandom } from '../../lib/random.js'

/** As pools.ts has it: what is given back stays unused for so long. */
const restMs = 100

interface Held extends Region {
  readonly untilMs: number
}

/** What pools have in common, for regions of any size. */
interface Pool {
  allocate(count: number): number
  release(region: Region): void
  adopt(regions: readonly Region[]): void
}

const kinds: readonly { name: string; maxCount: number; make: (capacity: number, clock: ManualClock) => Pool }[] = [
  {
    name: 'IndexPool',
    maxCount: 1,
    make: (capacity, clock) => {
      const pool = new IndexPool('things', capacity, clock)
      return {
        allocate: () => pool.allocate(),
        release: ({ first }) => pool.release(first),
        adopt: (regions) => pool.adopt(regions.map(({ first }) => first)),
      }
    },
  },
  { name: 'RegionPool', maxCount: 9, make: (capacity, clock) => new RegionPool('things', capacity, clock) },
]

t.test('RegionPool: runs begin at multiples of the unit, also beside those that were there before', async (t) => {
  const pool = new RegionPool('things', 64, new ManualClock(), 8)
  pool.adopt([{ first: 8, count: 3 }])
  const given = [1, 9, 1, 3, 8].map((count) => pool.allocate(count))
  t.same(given, [0, 16, 32, 40, 48])
  t.equal(pool.allocate(0), 0, 'nothing takes nothing')
  t.throws(() => pool.allocate(16), { code: 'NO_SPACE' })
})

function overlap(a: Region, b: Region): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count
}

for (const { name, maxCount, make } of kinds) {
  for (const seed of [1, 2, 3]) {
    t.test(`${name}: nothing is given out twice, nor before it has rested (seed ${seed})`, async (t) => {
      const random = seededRandom(seed)
      const below = (limit: number) => Math.floor(random() * limit)
      const capacity = 128
      const clock = new ManualClock()
      let pool = make(capacity, clock)
      let held: Region[] = []
      let resting: Held[] = []
      let refused = 0
      const wrong: string[] = []
      for (let step = 0; step < 5000 && wrong.length === 0; step++) {
        const action = below(100)
        if (action < 48) {
          const count = 1 + below(maxCount)
          try {
            const region = { first: pool.allocate(count), count }
            if (region.first + count > capacity) wrong.push(`step ${step}: beyond the end`)
            resting = resting.filter(({ untilMs }) => untilMs > clock.nowMs())
            for (const other of [...held, ...resting]) {
              if (overlap(region, other)) {
                wrong.push(`step ${step}: ${JSON.stringify(region)} overlaps ${JSON.stringify(other)}`)
              }
            }
            held.push(region)
          } catch (error) {
            t.match(error, { code: 'NO_SPACE' })
            refused++
          }
        } else if (action < 90) {
          const [region] = held.splice(below(held.length), 1)
          if (!region) continue
          pool.release(region)
          resting.push({ ...region, untilMs: clock.nowMs() + restMs })
        } else if (action < 99) {
          await clock.advance(below(restMs))
        } else {
          // A restart: a new pool, told what is in use; by then nobody reads what was given back.
          pool = make(capacity, clock)
          held = held.sort(() => random() - 0.5)
          pool.adopt(held)
          resting = []
        }
      }
      t.same(wrong, [])
      t.ok(refused > 0, 'it was full at times')
    })
  }

  t.test(`${name}: all of it can be used, again and again`, async (t) => {
    const clock = new ManualClock()
    const pool = make(32, clock)
    const count = Math.min(maxCount, 4)
    for (let round = 0; round < 5; round++) {
      const regions = Array.from({ length: 32 / count }, () => ({ first: pool.allocate(count), count }))
      t.throws(() => pool.allocate(count), { code: 'NO_SPACE', message: 'no room for more things: all 32 are in use' })
      for (const region of regions) pool.release(region)
      t.throws(() => pool.allocate(count), { code: 'NO_SPACE' }, 'it rests')
      await clock.advance(restMs)
    }
  })

  t.test(`${name}: what lies between things adopted is free`, async (t) => {
    const pool = make(16, new ManualClock())
    const count = Math.min(maxCount, 2)
    pool.adopt([
      { first: 12, count },
      { first: 4, count },
    ])
    const free = Array.from({ length: 16 / count - 2 }, () => pool.allocate(count))
    t.equal(new Set(free).size, free.length)
    t.notOk(free.includes(4) || free.includes(12))
    t.throws(() => pool.allocate(count), { code: 'NO_SPACE' })
  })
}

t.test('an index that is not in use cannot be given back', async (t) => {
  const clock = new ManualClock()
  const pool = new IndexPool('things', 2, clock)
  const index = pool.allocate()
  pool.release(index)
  pool.release(index)
  await clock.advance(restMs)
  t.equal(new Set([pool.allocate(), pool.allocate()]).size, 2)
})

t.test('where all else is in use, packets are waited for', async (t) => {
  let waits = 0
  const clock = Object.assign(new ManualClock(), { awaitPackets: () => waits++ })
  const pool = new IndexPool('things', 4, clock)
  const all = Array.from({ length: 4 }, () => pool.allocate())
  t.throws(() => pool.allocate(), { code: 'NO_SPACE' })
  t.equal(waits, 0, 'nothing that is in use is waited for')
  for (const index of all) pool.release(index)
  t.same(new Set(all.map(() => pool.allocate())), new Set(all))
  t.equal(waits, 1, 'once for all')
  t.throws(() => pool.allocate(), { code: 'NO_SPACE' })

  const runs = new RegionPool('things', 8, clock)
  const first = runs.allocate(8)
  runs.release({ first, count: 8 })
  t.same([runs.allocate(4), runs.allocate(4)].sort(), [0, 4], 'cut as any other')
  t.equal(waits, 2)
  t.throws(() => runs.allocate(1), { code: 'NO_SPACE' })
})

t.test('a run of nothing takes nothing', async (t) => {
  const pool = new RegionPool('things', 1, new ManualClock())
  for (let i = 0; i < 3; i++) pool.release({ first: pool.allocate(0), count: 0 })
  t.equal(pool.allocate(1), 0)
})
