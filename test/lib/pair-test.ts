import t, { type Test } from 'tap'
import { whyNoNamespaces } from './network.js'
import { buildPair, type PairLab, type PairOptions } from './pair-lab.js'

const timeoutMs = 240_000
const loggedLines = 60

/** A tap test in a lab of two directors, neither of which runs yet. Where it cannot run it is skipped with the reason. */
export async function pairTest(
  name: string,
  run: (t: Test, lab: PairLab) => Promise<void>,
  options: PairOptions = {},
): Promise<void> {
  const reason = await whyNoNamespaces()
  t.setTimeout(timeoutMs)
  await t.test(name, { skip: reason ?? false, timeout: timeoutMs }, async (t) => {
    const lab = await buildPair(options)
    t.teardown(() => lab.close())
    t.teardown(() => {
      if (!t.passing()) for (const line of logOf(lab)) t.comment(line)
    })
    await run(t, lab)
  })
}

/** What both directors' programs have logged last, for who has to find out why something failed. */
export function logOf({ directors }: PairLab): string[] {
  return Object.values(directors).flatMap(({ name, keepalived, xlvs }) => {
    const last = (log: string) => log.trim().split('\n').slice(-loggedLines)
    return [...last(keepalived.log), ...last(xlvs.log)].map((line) => `${name}: ${line}`)
  })
}
