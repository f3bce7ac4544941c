import t from 'tap'
import { shrink } from '../../lib/shrink.js'

const steps = Array.from({ length: 40 }, (_, i) => i)
const always = () => true

/** Fails where all of these are. */
function needing(...needed: number[]) {
  let tries = 0
  const fails = async (list: readonly number[]) => {
    tries++
    return needed.every((each) => list.includes(each))
  }
  return { fails, tries: () => tries }
}

t.test('what is needed is left, in order, with the last element', async (t) => {
  for (const needed of [[39], [0, 39], [3, 17, 18, 39], [0, 1, 2, 39], steps]) {
    t.same(await shrink(steps, needing(...needed).fails, always), needed)
  }
})

t.test('one element is tried with nothing', async (t) => {
  const { fails, tries } = needing(7)
  t.same(await shrink([7], fails, always), [7])
  t.equal(tries(), 0)
})

t.test('without time it ends with what it has', async (t) => {
  const { fails, tries } = needing(3, 39)
  const shorter = await shrink(steps, fails, () => tries() < 4)
  t.equal(tries(), 4)
  t.ok(shorter.length < steps.length && shorter.includes(3) && shorter.at(-1) === 39)
})
