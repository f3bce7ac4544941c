import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { whyNoNamespaces } from '../lib/network.js'
import { Background } from '../lib/process.js'
import { Workspace } from '../lib/workspace.js'

/** Makes a workspace with a namespace, a process in it, pins and a temporary file; then waits for its end. */
const tenant = `
import { mkdirSync } from 'node:fs'
import { Workspace } from '${new URL('../lib/workspace.js', import.meta.url)}'
const workspace = new Workspace()
const namespace = await workspace.namespace('host')
const inside = namespace.spawn('sleep', ['1000'])
mkdirSync(workspace.pinPath('host'))
workspace.temporaryDirectory('host')
console.log('made', workspace.id, inside.pid)
setInterval(() => {}, 1000)`

t.test('what a workspace leaves behind', { skip: (await whyNoNamespaces()) ?? false }, async (t) => {
  const endings: [NodeJS.Signals, number | null, boolean][] = [
    ['SIGINT', 130, false],
    ['SIGTERM', 143, false],
    ['SIGHUP', 129, false],
    ['SIGKILL', null, true],
  ]
  for (const [signal, status, leaves] of endings) {
    const child = new Background(process.execPath, ['--input-type=module', '-e', tenant])
    t.teardown(() => child.kill('SIGKILL'))
    await child.says(/^made .*\n/m)
    const [, id = '', pid = ''] = /^made (\S+) (\d+)$/m.exec(child.stdout) ?? []
    t.equal(traces(id).length, 3, `${signal}: namespace, pins and directory are there`)
    t.ok(existsSync(`/proc/${pid}`))

    child.kill(signal)
    t.equal(await child.ended, status)
    t.equal(traces(id).length, leaves ? 3 : 0, leaves ? `${signal} leaves everything` : `${signal} leaves nothing`)
    if (leaves) {
      new Workspace().close()
      t.same(traces(id), [], 'the next workspace takes it away')
    }
    t.notOk(existsSync(`/proc/${pid}/fd/0`), 'the process in the namespace has ended')
  }
})

t.test(
  'a workspace leaves those of living processes alone',
  { skip: (await whyNoNamespaces()) ?? false },
  async (t) => {
    const first = new Workspace()
    t.teardown(() => first.close())
    const second = new Workspace()
    second.close()
    t.ok(existsSync(first.directory))
    t.notOk(existsSync(second.directory))
  },
)

function traces(id: string): string[] {
  return ['/run/netns', '/sys/fs/bpf', tmpdir()].flatMap((directory) =>
    (existsSync(directory) ? readdirSync(directory) : [])
      .filter((name) => name.includes(id))
      .map((name) => join(directory, name)),
  )
}
