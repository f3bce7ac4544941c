/** `xlvs exec`: what the command that takes its place begins with. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { DirectorError } from '../../src/core/errors.js'
import { preloadEnvironment } from '../../src/exec.js'
import { checkoutFile } from '../lib/checkout.js'
import { FakeIpvs, preloadLibrary } from '../lib/fake-ipvs.js'
import { execute } from '../lib/process.js'

const xlvs = checkoutFile('bin/xlvs')

function xlvsExec(...args: string[]) {
  return execute(xlvs, ['exec', ...args], { env: { LD_PRELOAD: '' } })
}

t.test('the real ipvsadm asks this director, in the command and in what it starts', async (t) => {
  const fake = await FakeIpvs.create()
  t.teardown(() => fake.close())
  await fake.listen()
  const options = ['--runtime-dir', fake.directory, '--']
  for (const command of [
    ['ipvsadm', '-Ln'],
    ['sh', '-c', 'ipvsadm -Ln'],
  ]) {
    const { status, stdout } = await xlvsExec(...options, ...command)
    t.match({ status, stdout }, { status: 0, stdout: /^IP Virtual Server version 1\.2\.1 \(size=4096\)\n/ })
  }
})

t.test('the process, its streams, signals and status are those of the command', async (t) => {
  const script =
    'echo $$; cat; grep -E "^Sig(Blk|Ign)" /proc/self/status; cat /proc/self/fdinfo/[012] | grep flags; exit 7'
  const child = spawn(xlvs, ['exec', '--', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end('input\n')
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
  t.equal(status, 7)
  const [pid, input, blocked, ignored, ...flags] = output.trimEnd().split('\n')
  t.same([pid, input], [`${child.pid}`, 'input'])
  t.same([blocked, ignored], ['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000'])
  t.equal(flags.length, 3)
  for (const each of flags) t.equal(Number.parseInt(each.replace('flags:\t', ''), 8) & 0o4000, 0, `${each}: it blocks`)
})

t.test('a signal ends the command, and not a process in front of it', async (t) => {
  const child = spawn(xlvs, ['exec', '--', 'sh', '-c', 'echo begun; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [null, 'SIGTERM'])
})

t.test('options behind the command are its own', async (t) => {
  t.same(await xlvsExec('echo', '--print-env', '-h'), { status: 0, stdout: '--print-env -h\n', stderr: '' })
})

t.test('a command that cannot be run', async (t) => {
  const directory = t.testdir({ file: 'no program' })
  t.same(await xlvsExec('--', 'no-such-command'), {
    status: 127,
    stdout: '',
    stderr: 'xlvs: no-such-command: no such file or directory\n',
  })
  const file = join(directory, 'file')
  t.same(await xlvsExec(file), { status: 126, stdout: '', stderr: `xlvs: ${file}: permission denied\n` })
})

t.test('--print-env, for systemd', async (t) => {
  const { status, stdout } = await xlvsExec('--print-env', '--runtime-dir', '/run/b/')
  t.same({ status, stdout }, { status: 0, stdout: `LD_PRELOAD=${preloadLibrary}\nXLVS_IPVS_SOCKET=/run/b/ipvs.sock\n` })
})

t.test('what the environment has already is kept', async (t) => {
  const { LD_PRELOAD } = preloadEnvironment({ runtimeDir: '/run/xlvs' }, { LD_PRELOAD: '/lib/other.so' })
  t.equal(LD_PRELOAD, `${preloadLibrary}:/lib/other.so`)
})

t.test('a library that is not built, or that LD_PRELOAD cannot name', async (t) => {
  const directory = t.testdir()
  const missing = join(directory, 'lib.so')
  t.throws(() => preloadEnvironment({ runtimeDir: '/run/xlvs' }, {}, missing), {
    name: DirectorError.name,
    message: `there is no ${missing}; build it with: npm run setup`,
  })
  mkdirSync(join(directory, 'my programs'))
  const spaced = join(directory, 'my programs', 'lib.so')
  writeFileSync(spaced, '')
  t.throws(() => preloadEnvironment({ runtimeDir: '/run/xlvs' }, {}, spaced), { message: /space or a colon/ })
})
