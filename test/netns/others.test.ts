/** What others have: their files, pins, sockets and directors are left alone. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BpfMap } from '../../src/bpf/index.js'
import { configLayout, maps, sharedConstant } from '../../src/dataplane/tables/layout.gen.js'
import { DirectorProcess } from '../lib/director-process.js'
import { executeOrThrow } from '../lib/process.js'
import { refusal, runOnce, startupTest } from './startup-fixture.js'

const beginsAnew = /("maps":\[.*\]),"msg":"counters start anew: this build has others"/

startupTest('pins of another layout', async (t, { director, pinDirectory, pinned, programs }) => {
  await runOnce(director(['eth0']))
  const before = { maps: pinned('maps'), links: pinned('links'), programs: await programs() }
  const config = BpfMap.openPinned(join(pinDirectory, 'maps/config'))
  const key = Buffer.alloc(4)
  const ours = config.lookup(key) as Buffer
  const later = Buffer.from(ours)
  later.writeUInt32LE(sharedConstant.LAYOUT_VERSION + 1, configLayout.offsets.layoutVersion)
  config.update(key, later)
  t.match(
    await refusal(t, director(['eth0'])),
    /its tables have layout 3, and this version's have layout 2; 'xlvs down'/,
  )
  t.same({ maps: pinned('maps'), links: pinned('links'), programs: await programs() }, before, 'nothing has changed')
  config.update(key, ours)
  config.close()
  await runOnce(director(['eth0']))

  const path = join(pinDirectory, 'maps/config')
  await executeOrThrow('rm', [path])
  const sizes = ['key', '4', 'value', '160', 'entries', '1']
  await executeOrThrow('bpftool', ['map', 'create', path, 'type', 'array', ...sizes, 'name', 'config'])
  await executeOrThrow('rm', ['-r', join(pinDirectory, 'stages')])
  t.match(
    await refusal(t, director(['eth0'])),
    /its tables have layout 1, and this version's have layout 2; 'xlvs down'/,
  )
  t.notOk(existsSync(join(pinDirectory, 'stages')), 'what is new is not made')
})

startupTest('pins of another version', async (t, { director, pinDirectory, pinned, programs }) => {
  await runOnce(director(['eth0']))
  const before = { maps: pinned('maps'), links: pinned('links'), programs: await programs() }
  const replace = async (name: string, type: string, value: number, entries: number, flags = 0, key = 4) => {
    const path = join(pinDirectory, 'maps', name)
    await executeOrThrow('rm', [path])
    const size = ['key', `${key}`, 'value', `${value}`, 'entries', `${entries}`]
    await executeOrThrow('bpftool', ['map', 'create', path, 'type', type, ...size, 'name', name, 'flags', `${flags}`])
  }
  const verdicts = async () =>
    JSON.parse(await executeOrThrow('bpftool', ['-j', 'map', 'show', 'pinned', join(pinDirectory, 'maps/verdicts')]))
  await replace('verdicts', 'array', 80, 2)
  await replace('vips', 'hash', 400, 7, 0, 16)
  const { id } = await verdicts()

  const refused = director(['eth0', 'eth1'])
  t.match(await refusal(t, refused), /map vips: valueSize is 400 in the kernel .*; 'xlvs down' removes/)
  t.notMatch(refused.log, beginsAnew)
  t.same({ maps: pinned('maps'), links: pinned('links'), programs: await programs() }, before, 'nothing has changed')
  t.equal((await verdicts()).id, id, 'the counters too are there')

  await executeOrThrow('rm', [join(pinDirectory, 'maps/vips')])
  const { name, valueSize, flags } = maps.serverCounts
  await replace(name, 'array', valueSize, 64, flags)
  t.match(
    await refusal(t, director(['eth0'])),
    /map server_counts: maxEntries is 64 in the kernel .*; 'xlvs down' removes/,
  )
  await replace(name, 'array', valueSize, 1)
  t.match(await refusal(t, director(['eth0'])), /map server_counts: flags is 0 in the kernel .*; 'xlvs down' removes/)

  await executeOrThrow('rm', [join(pinDirectory, 'maps', name)])
  const accepted = director(['eth0'])
  await runOnce(accepted)
  t.same(pinned('maps'), before.maps, 'a map that is not there is made')
  t.ok((await verdicts()).bytes_value > 80, 'other verdicts begin anew')
  t.equal(beginsAnew.exec(accepted.log)?.[1], '"maps":["verdicts"]')
  const again = director(['eth0'])
  await runOnce(again)
  t.notMatch(again.log, beginsAnew)
})

startupTest('files and pins of others', async (t, { director, namespace, pinDirectory, runtimeDirectory }) => {
  const files = join(dirname(runtimeDirectory), 'files')
  mkdirSync(join(files, 'maps'), { recursive: true })
  writeFileSync(join(files, 'maps', 'config'), 'precious')
  const options = { interfaces: ['eth0'], pinDirectory: files, runtimeDirectory }
  const wrong = await new DirectorProcess(namespace, options).down()
  t.equal(wrong.status, 1)
  t.match(wrong.stderr, /files is not in a BPF file system/)
  t.ok(existsSync(join(files, 'maps', 'config')))

  mkdirSync(join(pinDirectory, 'maps'), { recursive: true })
  const foreign = join(pinDirectory, 'maps', 'foreign')
  const map = ['type', 'array', 'key', '4', 'value', '4', 'entries', '1', 'name', 'foreign']
  await executeOrThrow('bpftool', ['map', 'create', foreign, ...map])
  const former = join(pinDirectory, 'maps', 'server_traffic')
  await executeOrThrow('bpftool', ['map', 'create', former, ...map.slice(0, -1), 'server_traffic'])
  mkdirSync(runtimeDirectory)
  const running = director(['eth0'])
  await running.start()
  t.ok(existsSync(foreign), 'a start leaves it')
  const down = await running.down()
  t.equal(down.status, 0, down.stderr)
  t.same(readdirSync(join(pinDirectory, 'maps')), ['foreign'], 'what an earlier version pinned is gone')
  t.ok(existsSync(runtimeDirectory), 'so is a runtime directory that was there')
  t.same(readdirSync(runtimeDirectory), [])
})

startupTest('xlvs down of another, and with what others have pinned', async (t, { director, ...fixture }) => {
  const running = director(['eth0'])
  await running.start()
  const options = { ...running.options, pinDirectory: `${fixture.pinDirectory}-other` }
  const wrong = await new DirectorProcess(fixture.namespace, options).down()
  t.equal(wrong.status, 1)
  t.match(wrong.stderr, /nothing was taken down\. Give --pin-dir/)
  t.ok(running.daemon.running)
  t.same(Object.keys(await fixture.programs()), ['eth0'])

  mkdirSync(join(fixture.pinDirectory, 'foreign'))
  const down = await running.down()
  t.equal(down.status, 0, down.stderr)
  t.equal(await running.daemon.ends(), 0)
  t.same(readdirSync(fixture.pinDirectory), ['foreign'])
  t.same(await fixture.programs(), {})
})

startupTest(
  'down leaves a map of others that has our name',
  async (t, { director, pinDirectory, programs, pinned }) => {
    await runOnce(director(['eth0']))
    const path = join(pinDirectory, 'maps/conns')
    const replace = async (type: string, name: string) => {
      await executeOrThrow('rm', [path])
      const sizes = ['key', '4', 'value', '32', 'entries', '8']
      await executeOrThrow('bpftool', ['map', 'create', path, 'type', type, ...sizes, 'name', name])
    }
    for (const [type, name] of [
      ['array', 'theirs'],
      ['hash', 'conns'],
    ] as const) {
      await replace(type, name)
      const { status, stderr } = await director(['eth0']).down()
      t.equal(status, 1)
      t.equal(stderr, `xlvs: ${path}: not made by a director, although named so; left as it was\n`)
      t.same(pinned('maps'), ['conns'])
      t.same(await programs(), {})
    }
    t.match(await refusal(t, director(['eth0'])), /maps\/conns: not made by a director/, 'nor does a start replace it')
    t.same(pinned('maps'), ['conns'])
    await executeOrThrow('rm', [path])
    t.equal((await director(['eth0']).down()).status, 0)
  },
)
