/**
 * A process that has no descriptor left: asks `ip` and starts a monitor, prints what came of it, gives descriptors back, and
 * does both again. For tool.test.ts, which must not run out itself.
 */
import { closeSync, openSync } from 'node:fs'
import { systemClock } from '../../../src/core/clock.js'
import { Ip } from '../../../src/net/ip.js'
import { Monitor } from '../../../src/net/monitor.js'
import { Nft } from '../../../src/net/nft.js'
import { MemoryLog } from '../../lib/memory-log.js'
import { waitFor } from '../../lib/wait-for.js'

const [ip, nft] = [new Ip(['printf', '[]']), new Nft()]
// Loads what is loaded when it is first used.
await ip.query('link')
const held: number[] = []
for (;;) {
  try {
    held.push(openSync('/dev/null', 'r'))
  } catch {
    break
  }
}
const said = async (work: () => Promise<unknown>) =>
  work().then(
    () => 'done',
    (error: Error) => error.message,
  )
const answers = [await said(() => ip.query('link')), await said(() => nft.tables())]
const log = new MemoryLog()
const monitor = new Monitor(new Ip(['sh', '-c', 'echo route; exec cat']), systemClock, log, () =>
  answers.push('change'),
)
await waitFor('the monitor to fail', () => log.lines.length > 0)
for (const fd of held) closeSync(fd)
answers.push(await said(() => ip.query('link')))
await waitFor('the monitor to work', () => answers.filter((answer) => answer === 'change').length >= 2)
await monitor.close()
console.log(JSON.stringify({ answers: answers.slice(0, 4), log: log.lines.slice(0, 1) }))
