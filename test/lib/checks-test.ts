import t, { type Test } from 'tap'
import { buildChecksLab, type ChecksLab, type ChecksOptions } from './checks-lab.js'
import { whyNoNamespaces } from './network.js'

const timeoutMs = 120_000
const loggedLines = 80

/** A tap test in a lab for keepalived's checks, where nothing runs yet. Where it cannot run it is skipped with the reason. */
export async function checksTest(
  name: string,
  options: ChecksOptions,
  run: (t: Test, lab: ChecksLab) => Promise<void>,
): Promise<void> {
  const reason = await whyNoNamespaces()
  t.setTimeout(timeoutMs)
  await t.test(name, { skip: reason ?? false, timeout: timeoutMs }, async (t) => {
    const lab = await buildChecksLab(options)
    t.teardown(() => lab.close())
    t.teardown(async () => {
      if (t.passing()) return
      const status = await lab.xlvs.status().catch(String)
      t.comment(`xlvs status: ${JSON.stringify(status)}`)
      const logs = [lab.keepalived.log, lab.xlvs.log]
      for (const log of logs) for (const line of log.trim().split('\n').slice(-loggedLines)) t.comment(line)
    })
    await run(t, lab)
  })
}
