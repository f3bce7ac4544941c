import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pack } from '../../vm/machine/archive.js'

/** A folder with a file and a link, and an empty cache. */
function content(t: Test) {
  const directory = t.testdir({ root: { etc: { hosts: 'one' } } })
  const root = join(directory, 'root')
  symlinkSync('hosts', join(root, 'etc/link'))
  const cache = join(directory, 'cache')
  mkdirSync(cache)
  const packed = async (label = 'some') => {
    const handle = await pack({ label, root, names: ['etc/hosts', 'etc/link'] }, cache)
    const bytes = await handle.readFile()
    await handle.close()
    return bytes
  }
  return { root, cache, packed, files: () => readdirSync(cache).sort() }
}

const skip = spawnSync('cpio', ['--version']).error ? 'needs cpio (npm run setup)' : false

t.test('an archive holds the names and the directories above them', { skip }, async (t) => {
  const { packed } = content(t)
  const list = execFileSync('cpio', ['-it', '--quiet'], { input: await packed(), encoding: 'utf8' })
  t.equal(list, 'etc\netc/hosts\netc/link\n')
})

t.test('it is packed again when something of its content has changed, and only then', { skip }, async (t) => {
  const { root, packed, files } = content(t)
  const first = await packed()
  const [name] = files()
  t.same(await packed(), first)
  t.same(files(), [name])
  writeFileSync(join(root, 'etc/hosts'), 'two')
  t.notSame(await packed(), first)
  t.equal(files().length, 1)
  t.not(files()[0], name)
})

t.test('archives of other labels and of other runs at work stay', { skip }, async (t) => {
  const { root, cache, packed, files } = content(t)
  await packed('other')
  writeFileSync(join(cache, `some-0123456789abcdef.cpio.${process.pid}`), '')
  writeFileSync(join(cache, 'some-0123456789abcdef.cpio.4194305'), 'of a run that was killed')
  writeFileSync(join(root, 'etc/hosts'), 'three')
  await packed()
  t.match(files(), [/^other-/, new RegExp(`^some-0123456789abcdef.cpio.${process.pid}$`), /^some-.*cpio$/])
  t.equal(files().length, 3)
})
