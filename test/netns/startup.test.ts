/** Starts that are refused, and starts on what others left: what forwards goes on, what is refused leaves nothing. */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { checkoutFile } from '../lib/checkout.js'
import { DirectorProcess, xlvsCommand } from '../lib/director-process.js'
import { execute, executeOrThrow } from '../lib/process.js'
import { waitFor } from '../lib/wait-for.js'
import { addVeth, programsOf, refusal, runOnce, startupTest } from './startup-fixture.js'

startupTest('a mode change', async (t, { director, programs, pinned }) => {
  await runOnce(director(['eth0'], '--xdp-mode', 'native'))
  t.match(pinned('links'), [/^\d+-native$/])
  const generic = director(['eth0'], '--xdp-mode', 'generic')
  await generic.start()
  t.same((await generic.status()).interfaces, [{ name: 'eth0', mode: 'generic' }])
  await generic.end('SIGTERM')
  t.match(pinned('links'), [/^\d+-generic$/])
  t.same(Object.keys(await programs()), ['eth0'])
})

startupTest('a mode change that the driver refuses', async (t, { director, pinned, programs }) => {
  await runOnce(director(['lo', 'eth0'], '--xdp-mode', 'generic'))
  const links = pinned('links')
  // eth0 could change, lo cannot, and eth1 is new: none of it may last.
  const sentence = await refusal(t, director(['eth1', 'eth0', 'lo'], '--xdp-mode', 'native'))
  t.match(sentence, /XDP on lo \(native\)/)
  t.same(pinned('links'), links)
  t.same(Object.keys(await programs()).sort(), ['eth0', 'lo'])
  const attached = async () => [...new Set(Object.values(await programs()).map(String))].sort()
  t.same(pinned('stages'), await attached())
  await refusal(t, director(['eth1', 'eth0', 'lo'], '--xdp-mode', 'native'))
  t.same(pinned('stages'), await attached(), 'as often as it is tried')
  const again = director(['lo', 'eth0'])
  await again.start()
  t.same(pinned('stages'), await attached())
  t.same(
    (await again.status()).interfaces.map(({ mode }) => mode),
    ['generic', 'generic'],
  )
  await again.end('SIGTERM')
})

startupTest('a start that is refused leaves no stages', async (t, { director, pinned }) => {
  await runOnce(director(['eth0']))
  const stages = pinned('stages')
  t.match(await refusal(t, director(['eth0', 'lo'], '--xdp-mode', 'native')), /XDP on lo \(native\)/)
  t.same(pinned('stages'), stages)
})

startupTest('status says why a better mode does not run', async (t, { director }) => {
  const running = director(['lo', 'eth0'])
  await running.start()
  t.match(await running.status(), {
    dataplane: 'xdp',
    interfaces: [
      { name: 'lo', mode: 'generic' },
      { name: 'eth0', mode: 'native' },
    ],
    refusals: [{ what: 'native XDP on lo', reason: 'the driver has no XDP (EOPNOTSUPP)' }],
  })
  await running.end('SIGTERM')
})

startupTest('links of interfaces that are gone or no longer named', async (t, { director, namespace, ...fixture }) => {
  await runOnce(director(['eth0', 'eth1', 'lo'], '--xdp-mode', 'generic'))
  t.equal(fixture.pinned('links').length, 3)
  await namespace.ip(['link delete eth1'])
  await runOnce(director(['eth0']))
  t.equal(fixture.pinned('links').length, 1)
  t.same(Object.keys(await fixture.programs()), ['eth0'])
})

startupTest('an interface that goes and comes back', async (t, { director, namespace, pinned, programs }) => {
  const running = director(['eth0', 'eth1'])
  await running.start()
  const modes = async () =>
    Object.fromEntries((await running.status()).interfaces.map(({ name, mode }) => [name, mode]))
  const [, before] = pinned('links')
  await namespace.ip(['link delete eth1'])
  t.same(await modes(), { eth0: 'native', eth1: 'gone' })
  await running.daemon.says(/"interface":"eth1","msg":"interface has gone/)
  await addVeth(namespace, 'eth1')
  await waitFor('eth1 to be attached', async () => (await modes()).eth1 === 'native', 15_000)
  t.same(Object.keys(await programs()).sort(), ['eth0', 'eth1'])
  t.equal(pinned('links').length, 2)
  t.notOk(pinned('links').includes(before ?? ''), 'the dead link is gone')
  t.equal(running.daemon.stderr.match(/interface has gone/g)?.length, 1, 'said once')
  await running.end('SIGTERM')
})

startupTest('another table size', async (t, { director, pinned, programs }) => {
  await runOnce(director(['eth0'], '--conn-table-size', '4096'))
  const before = { links: pinned('links'), programs: await programs() }
  t.match(
    await refusal(t, director(['eth0'], '--conn-table-size', '8192')),
    /conn-table-size: 8192 asked for.*has 4096/,
  )
  t.same({ links: pinned('links'), programs: await programs() }, before)
  await runOnce(director(['eth0'], '--conn-table-size', '4000'))
})

startupTest('a first start that fails leaves nothing', async (t, fixture) => {
  const { namespace, director, pinDirectory, runtimeDirectory } = fixture
  const nothingIsLeft = async () => {
    t.same(await fixture.programs(), {}, 'programs')
    t.notOk(existsSync(pinDirectory), 'pins')
    t.notOk(existsSync(join(runtimeDirectory, 'xlvs.sock')), 'socket')
  }
  const cases: [what: string, args: string[], sentence: RegExp][] = [
    [
      'metrics at an address that is not there',
      ['--metrics', '192.0.2.77:9110'],
      /metrics: cannot listen on 192\.0\.2\.77/,
    ],
    ['no native mode', ['--interface', 'lo', '--xdp-mode', 'native'], /XDP on lo \(native\)/],
  ]
  for (const [what, args, sentence] of cases) {
    t.match(await refusal(t, director(['eth0'], ...args)), sentence, what)
    await nothingIsLeft()
    t.notOk(existsSync(runtimeDirectory), 'runtime directory')
  }

  writeFileSync(runtimeDirectory, '')
  t.match(await refusal(t, director(['eth0'])), /runtime-dir: .* is not a directory/)
  t.notOk(existsSync(pinDirectory), 'pins')
  await executeOrThrow('rm', [runtimeDirectory])

  await namespace.exec('bpftool', [
    ...['prog', 'load', checkoutFile('build/test/bpf/pass.bpf.o'), `${pinDirectory}-other`, 'type', 'xdp'],
  ])
  await namespace.exec('bpftool', ['net', 'attach', 'xdp', 'pinned', `${pinDirectory}-other`, 'dev', 'eth1'])
  const others = await fixture.programs()
  t.match(await refusal(t, director(['eth0', 'eth1'])), /another XDP program is attached to eth1/)
  t.same(await fixture.programs(), others)
  t.notOk(existsSync(pinDirectory))
})

startupTest('a port for metrics that is taken', async (t, { director, programs, pinned, pinDirectory }) => {
  // In this test's namespace, as loopback of the director's has nobody who listens.
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const first = director(['eth0'], '--metrics', `127.0.0.1:${port}`)
  await first.start()
  const links = pinned('links')
  const other = new DirectorProcess(first.namespace, {
    interfaces: ['eth1'],
    pinDirectory: `${pinDirectory}-second`,
    runtimeDirectory: `${first.options.runtimeDirectory}-second`,
    args: ['--metrics', `127.0.0.1:${port}`],
  })
  t.match(await refusal(t, other), /metrics: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/)
  t.notOk(existsSync(other.options.pinDirectory))
  t.notOk(existsSync(other.options.runtimeDirectory))
  const sameSocket = new DirectorProcess(first.namespace, {
    ...other.options,
    ...first.options,
    pinDirectory: other.options.pinDirectory,
    interfaces: ['eth1'],
    args: [],
  })
  t.match(await refusal(t, sameSocket), /another director listens on/)
  t.notOk(existsSync(other.options.pinDirectory))
  t.same(Object.keys(await programs()), ['eth0'])
  t.same(pinned('links'), links)
  t.equal((await first.status()).pid, first.daemon.pid, 'the first still answers')
  await first.end('SIGTERM')
})

startupTest('a connection table that memory does not hold', async (t, { director, pinDirectory, runtimeDirectory }) => {
  const directory = dirname(runtimeDirectory)
  const memory = join(directory, 'meminfo')
  const command = join(directory, 'xlvs-with-little-memory')
  writeFileSync(memory, 'MemTotal: 4096 kB\nMemAvailable: 1024 kB\n')
  const lines = [
    '#!/usr/bin/env -S unshare --mount sh',
    `mount --bind ${memory} /proc/meminfo && exec ${xlvsCommand} "$@"`,
  ]
  writeFileSync(command, `${lines.join('\n')}\n`, { mode: 0o755 })
  const sentence = await refusal(t, director(['eth0'], '--conn-table-size', '65536'), command)
  t.equal(sentence, 'xlvs: conn-table-size: 65536 connections take 2 MiB of memory, 1 MiB are available')
  t.notOk(existsSync(pinDirectory))
  await runOnce(director(['eth0'], '--conn-table-size', '65536'))
})

startupTest('pin directories that cannot be', async (t, { director, pinDirectory, namespace, runtimeDirectory }) => {
  const inDirectory = (pins: string, args: string[] = []) =>
    new DirectorProcess(namespace, { interfaces: ['eth0'], pinDirectory: pins, runtimeDirectory, args })
  t.match(await refusal(t, inDirectory(`${pinDirectory}/v1.2/x`)), /'v1\.2' cannot be made: .* no dot/)
  t.notOk(existsSync(pinDirectory))
  t.match(await refusal(t, inDirectory(`${pinDirectory}/sub/x`, ['--metrics', '192.0.2.77:1'])), /metrics/)
  t.notOk(existsSync(pinDirectory), 'directories above it are removed too')
  const hidden = await execute('ip', [
    ...['netns', 'exec', namespace.name, checkoutFile('bin/xlvs'), 'run', '--interface', 'eth0'],
    ...['--runtime-dir', runtimeDirectory],
  ])
  t.equal(hidden.status, 1)
  t.match(hidden.stderr, /nsenter --net=\/run\/netns\/NAME/)
  t.same(Object.keys(await programsOf(namespace)), [])
  await runOnce(director(['eth0']))
})
