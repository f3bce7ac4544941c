import { pinToCpu } from '../lib/pin-to-cpu.js'
import { shrink } from '../lib/shrink.js'
import { generate } from './generate.js'
import { firstDifference } from './pair.js'
import { stepText } from './step.js'

/** How long a failure is made shorter before it is shown. */
const shrinkMs = 30_000

/**
 * Looks for a difference between the packet path in the kernel and as a module.
 * @param frames so many for the seed.
 * @returns a report with the shortest sequence of steps found that shows one, or undefined.
 */
export async function hunt(seed: number, frames: number): Promise<string | undefined> {
  // The module's only one.
  pinToCpu(0)
  // From one set, in which connections have to give way to each other all the time, to 256 slots.
  const sets = 2 ** (seed % 6)
  const found = firstDifference(generate(seed, frames), sets)
  if (!found) return undefined
  const end = Date.now() + shrinkMs
  const steps = await shrink(
    found.steps,
    async (some) => firstDifference(some, sets) !== undefined,
    () => Date.now() < end,
  )
  const { difference } = firstDifference(steps, sets) ?? found
  return `seed ${seed}: ${steps.length} steps show it\n${steps.map(stepText).join('\n')}\n${difference}\n`
}
