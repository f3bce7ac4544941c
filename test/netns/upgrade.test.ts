/** Another build takes over while requests come, and is killed after each thing that it does for that. */
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutFile } from '../lib/checkout.js'
import { DirectorProcess } from '../lib/director-process.js'
import { dr } from '../lib/lab-dr.js'
import { labTest } from '../lib/lab-test.js'
import { newerBuild } from '../lib/newer-build.js'
import { failed, SteadyClient } from '../lib/steady-client.js'

/** More than an upgrade has: the stages' pin, the links, the pins of old stages that are removed; one that is not reached ends this. */
const mostWrites = 10

/** The `xlvs` of an installation, which is killed after so many writes. */
function dying(directory: string, command: string, writes: number): string {
  const script = join(directory, `xlvs-${writes}`)
  const preload = checkoutFile('dist/test/lib/die-at-write.js')
  const env = `XLVS_TEST_WRITES=${writes} XLVS_TEST_DIST=${directory}/dist NODE_OPTIONS='--import ${preload}'`
  writeFileSync(script, `#!/bin/sh\n${env} exec ${command} "$@"\n`)
  chmodSync(script, 0o755)
  return script
}

await labTest('an upgrade under load, killed after each of its steps', dr, async (t, lab) => {
  const { client, url, directorHost } = lab
  // Two links: with one flipped and one not, both builds forward.
  await directorHost.namespace.ip(['link add eth9 type veth peer name eth9-peer', 'link set eth9 up'])
  const director = new DirectorProcess(directorHost.namespace, {
    ...lab.director.options,
    interfaces: [...lab.director.options.interfaces, 'eth9'],
  })
  await lab.director.end('SIGTERM')
  await director.start()
  const directory = t.testdir()
  const newer = newerBuild(directory)
  const stages = () => readdirSync(join(director.options.pinDirectory, 'stages'))
  const [first] = stages()
  const steady = await SteadyClient.start(client.namespace, url, { timeoutMs: 3000, pauseMs: 1 })
  await director.end('SIGKILL')
  let kills = 0
  for (let writes = 1; writes <= mostWrites; writes++) {
    const daemon = director.spawn(dying(directory, newer, writes))
    const survives = await daemon.says(/^ready$/m).then(
      () => true,
      () => false,
    )
    if (survives) daemon.kill('SIGKILL')
    t.equal(await daemon.ends(), null, 'it ends by a signal')
    if (survives) break
    kills++
    t.ok(stages().length > 0, `after ${writes}: ${stages().length} programs have their stages`)
    await steady.asks(20)
  }
  t.ok(kills >= 4, `it was killed ${kills} times`)
  await director.start(newer)
  t.equal(stages().length, 1, 'stages that no program uses are given up')
  t.not(stages()[0], first)
  await steady.asks(50)
  const requests = await steady.stop()
  t.same(failed(requests), [], `none of ${requests.length} requests has failed`)
  t.equal((await director.status()).verdicts.drop_no_stage, 0)

  const down = await director.end('SIGTERM').then(() => director.down())
  t.equal(down.status, 0, down.stderr)
  t.throws(() => readdirSync(director.options.pinDirectory), { code: 'ENOENT' })
})
