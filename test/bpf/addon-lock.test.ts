import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { ensureBpffs, lockDirectory } from '../../src/bpf/index.js'
import { Background } from '../lib/process.js'
import { pinDirectory, skip } from './addon-fixture.js'

t.test('one holder at a time', { skip }, async (t) => {
  const path = pinDirectory(t)
  const lock = lockDirectory(path)
  t.ok(lock)
  t.equal(lockDirectory(path), undefined)
  lock?.release()
  const next = lockDirectory(path)
  t.ok(next)
  next?.release()
})

t.test('the lock ends with a process that is killed', { skip }, async (t) => {
  const path = pinDirectory(t)
  const module = new URL('../../src/bpf/index.js', import.meta.url).href
  const code = `
    const { lockDirectory } = await import('${module}')
    globalThis.lock = lockDirectory('${path}')
    console.log(lock ? 'locked' : 'not locked')
    setInterval(() => {}, 1000)`
  const holder = new Background(process.execPath, ['--input-type=module', '--eval', code])
  t.teardown(() => holder.kill('SIGKILL'))
  await holder.says(/^locked$/m)
  t.equal(lockDirectory(path), undefined)
  holder.kill('SIGKILL')
  await holder.ended
  const lock = lockDirectory(path)
  t.ok(lock)
  lock?.release()
})

t.test('what cannot be locked', { skip }, async (t) => {
  const path = pinDirectory(t)
  t.throws(() => lockDirectory(`${path}/nothing`), { code: 'ENOENT', syscall: 'flock' })
})

t.test('a directory for pins must be in a bpffs', { skip }, async (t) => {
  const inside = `${pinDirectory(t)}/a/b`
  ensureBpffs(inside)
  ensureBpffs(inside)
  t.ok(existsSync(inside))
  const outside = join(t.testdir(), 'a/b')
  t.throws(() => ensureBpffs(outside), { code: 'INVALID', message: /mount -t bpf bpf \/sys\/fs\/bpf/ })
  t.notOk(existsSync(dirname(outside)))
})
